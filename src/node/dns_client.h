/* dns_client.h - one host looked up in DNS: NAPTR, SRV, A and AAAA, many at a time, by libunbound.
 *
 * Used by one thread, which waits on dns_client_fd and then calls dns_client_turn.
 */
#ifndef DT_NODE_DNS_CLIENT_H
#define DT_NODE_DNS_CLIENT_H

#include "base/tri.h"
#include "routing/target.h"

#include <stdbool.h>
#include <stdint.h>

struct dns_answer {
    struct tri known;
    bool is_partial; /* some of it could not be asked: ask again soon */
    int64_t ttl_s;   /* the shortest; for PRESENT and ABSENT */
    struct target_set set;
};

struct dns_wish {
    const char *host; /* not kept */
    uint16_t port;    /* 0: SRV says, or 5060 */
    bool is_tcp;
    void (*done)(void *ctx, const struct dns_answer *answer); /* once, from dns_client_turn */
    void *ctx;
};

struct dns_client;
/* server: "127.0.0.1@5353", or NULL: those of the file resolv_conf. NULL: no memory. */
struct dns_client *dns_client_new(const char *resolv_conf, const char *server);
void dns_client_free(struct dns_client *client); /* what is under way is forgotten, not told */

/* False: no memory, nothing is told. now_us: monotonic. */
bool dns_client_ask(struct dns_client *client, const struct dns_wish *wish, int64_t now_us);
int dns_client_fd(const struct dns_client *client);
/* Tells what is answered, and as unknown what has waited for ten seconds. */
void dns_client_turn(struct dns_client *client, int64_t now_us);

#endif
