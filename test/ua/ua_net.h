/* ua_net.h - user agents on real sockets: UDP, TCP and RTP, one thread, one poll.
 *
 * The caller makes agents, calls ua_... on them with ua_net_out(net) as effects, then
 * ua_net_flush, and lets ua_net_step wait and work. Events come through the callback, which may
 * itself call ua_... and must then flush.
 */
#ifndef DT_TEST_UA_NET_H
#define DT_TEST_UA_NET_H

#include "base/attr.h"
#include "ua.h"

struct ua_net;

struct ua_net_media { /* RTP of one agent, all its calls */
    uint64_t sent, received, bad;
};

typedef void ua_net_listener(void *ctx, int agent, const struct ua_event *event, int64_t now_us);

struct ua_net *ua_net_new(ua_net_listener *listener, void *ctx); /* NULL: no memory */
void ua_net_free(struct ua_net *net);

/* Opens the sockets that config->local names (port 0: any; it is filled in) and, where has_audio,
 * one for RTP. Returns the agent's index; -1: an address could not be bound or there is no memory.
 */
MUST_CHECK int ua_net_add(struct ua_net *net, const struct ua_config *config, bool has_audio);
int ua_net_count(const struct ua_net *net);
struct ua *ua_net_agent(struct ua_net *net, int agent);
const struct ua_net_media *ua_net_media(const struct ua_net *net, int agent);

struct ua_effects *ua_net_out(struct ua_net *net);
void ua_net_flush(struct ua_net *net, int agent); /* sends and tells what is in ua_net_out */

/* Waits until `until_us` at the latest for one batch of work, and does it. False: interrupted by a
 * signal. */
bool ua_net_step(struct ua_net *net, int64_t until_us);

/* A free UDP and TCP port on a loopback address ("127.0.0.1", "::1"); 0: none. */
uint16_t ua_net_free_port(const char *host);

#endif
