/* dns_server.h - a name server on 127.0.0.1 that knows what a test tells it. */
#ifndef DT_TEST_DNS_SERVER_H
#define DT_TEST_DNS_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_ROWS_MAX 16

enum dns_type { DNS_A = 1, DNS_AAAA = 28, DNS_SRV = 33, DNS_NAPTR = 35 };
enum dns_mood { DNS_WELL = 0, DNS_SILENT, DNS_FAILS };

struct dns_row {
    const char *name; /* lower case */
    enum dns_type type;
    uint32_t ttl_s;
    const char *rdata;
    size_t rdata_size;
};

struct dns_server {
    pthread_t thread;
    int fd;
    char address[32]; /* "127.0.0.1@PORT" */
    pthread_mutex_t lock;
    enum dns_mood mood;
    int row_count;
    struct dns_row rows[DNS_ROWS_MAX];
    int srv_count; /* questions for NAPTR and SRV */
    int count;     /* all questions */
    atomic_bool is_stopping;
};

void dns_server_start(struct dns_server *server);
void dns_server_stop(struct dns_server *server);
void dns_server_set(struct dns_server *server, enum dns_mood mood, const struct dns_row *rows,
                    int row_count);
int dns_server_srv_count(struct dns_server *server);
int dns_server_count(struct dns_server *server);

#endif
