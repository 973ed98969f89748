#include "node/dns_client.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unbound.h>

#define CLASS_IN 1
#define PORT_DEFAULT 5060
#define PATIENCE_US INT64_C(10000000)
#define TTL_MAX_S 86400
#define TTL_NONE_S 30 /* of "there is none" */
#define RCODE_SERVER_FAILED 2

enum question_kind { ASK_NAPTR = 35, ASK_SRV = 33, ASK_A = 1, ASK_AAAA = 28 }; /* RR types */

struct lookup;

struct question {
    struct lookup *lookup;
    enum question_kind kind;
    int record; /* of the set: whose addresses */
    int id;     /* libunbound's */
    bool is_open;
};

#define QUESTIONS_MAX (2 + 2 * TARGET_RECORDS_MAX)

struct lookup { /* one host; in the client's list until told */
    struct dns_client *client;
    struct lookup *next;
    struct dns_wish wish;
    char host[TARGET_NAME_SIZE];
    int64_t until_us;
    struct dns_answer answer;
    bool is_gone; /* the domain says that the service is not there */
    int question_count, open_count;
    struct question questions[QUESTIONS_MAX];
};

struct dns_client {
    struct ub_ctx *context;
    struct lookup *lookups;
};

static bool context_set_up(struct ub_ctx *context, const char *resolv_conf, const char *server)
{
    static const char *const options[][2] = {
        {"module-config:", "iterator"},     /* no keys, so no validation */
        {"do-not-query-localhost:", "no"},  /* a resolver of the system may be there */
        {"infra-keep-probing:", "yes"},     /* a server that was away is back at once */
        {"cache-max-negative-ttl:", "60"},  /* "there is none" is not believed for long */
        {"outgoing-range:", "128"},         /* open files */
        {"num-queries-per-thread:", "128"}, /* as many as these */
    };
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        (void)ub_ctx_set_option(context, options[i][0], options[i][1]);
    }
    int status =
        server != NULL ? ub_ctx_set_fwd(context, server) : ub_ctx_resolvconf(context, resolv_conf);
    if (status != 0) { /* as resolv.conf(5); without any it would ask the root servers */
        status = ub_ctx_set_fwd(context, "127.0.0.1");
    }
    if (status != 0 || ub_ctx_async(context, 1) != 0) {
        return false;
    }
    /* Names that the library would answer itself, and that private networks do use. This is last:
     * nothing else can be set after it. */
    (void)ub_ctx_zone_add(context, "test.", "nodefault");
    (void)ub_ctx_zone_add(context, "home.arpa.", "nodefault");
    return true;
}

struct dns_client *dns_client_new(const char *resolv_conf, const char *server)
{
    struct dns_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        return NULL;
    }
    client->context = ub_ctx_create();
    if (client->context == NULL || !context_set_up(client->context, resolv_conf, server)) {
        dns_client_free(client);
        return NULL;
    }
    return client;
}

static void cancel(struct lookup *lookup)
{
    for (int i = 0; i < lookup->question_count; i++) {
        if (lookup->questions[i].is_open) {
            (void)ub_cancel(lookup->client->context, lookup->questions[i].id);
            lookup->questions[i].is_open = false;
        }
    }
    lookup->open_count = 0;
}

void dns_client_free(struct dns_client *client)
{
    if (client == NULL) {
        return;
    }
    while (client->lookups != NULL) {
        struct lookup *lookup = client->lookups;
        client->lookups = lookup->next;
        cancel(lookup);
        free(lookup);
    }
    if (client->context != NULL) {
        ub_ctx_delete(client->context);
    }
    free(client);
}

static void on_answer(void *ctx, int error, struct ub_result *result);

static void ask(struct lookup *lookup, enum question_kind kind, const char *name, int record)
{
    assert(lookup->question_count < QUESTIONS_MAX);
    struct question *question = &lookup->questions[lookup->question_count++];
    *question = (struct question){.lookup = lookup, .kind = kind, .record = record};
    if (ub_resolve_async(lookup->client->context, name, (int)kind, CLASS_IN, question, on_answer,
                         &question->id) != 0) {
        lookup->answer.is_partial = true;
        return;
    }
    question->is_open = true;
    lookup->open_count++;
}

static void ask_addresses(struct lookup *lookup, const char *name,
                          const struct target_record *record)
{
    struct target_set *set = &lookup->answer.set;
    if (set->count < TARGET_RECORDS_MAX) {
        set->records[set->count] = *record;
        ask(lookup, ASK_A, name, set->count);
        ask(lookup, ASK_AAAA, name, set->count);
        set->count++;
    }
}

/* RFC 3263 4.2: without SRV records the host itself, at the port of its transport. */
static void ask_host(struct lookup *lookup)
{
    uint16_t port = lookup->wish.port != 0 ? lookup->wish.port : PORT_DEFAULT;
    struct target_record record = {.port = port};
    ask_addresses(lookup, lookup->host, &record);
}

static struct tri known_of(int error, const struct ub_result *result)
{
    if (error != 0 || result == NULL || result->rcode == RCODE_SERVER_FAILED) {
        return (struct tri){TRI_UNKNOWN};
    }
    if (result->havedata) {
        return (struct tri){TRI_PRESENT};
    }
    bool is_said = result->nxdomain || result->rcode == 0;
    return (struct tri){is_said ? TRI_ABSENT : TRI_UNKNOWN}; /* refused: it does not know */
}

static struct slice rdata_at(const struct ub_result *result, int i)
{
    return slice_make(result->data[i], (size_t)result->len[i]);
}

/* RFC 3263 4.1: the lowest order, then preference, of the transport that the trunk has. */
static void on_naptr(struct lookup *lookup, const struct ub_result *result, bool is_present)
{
    struct target_naptr best = {.name = ""};
    for (int i = 0; is_present && result->data[i] != NULL; i++) {
        struct target_naptr found;
        if (!target_read_naptr(rdata_at(result, i), &found) ||
            found.is_tcp != lookup->wish.is_tcp) {
            continue;
        }
        bool is_lower = found.order != best.order ? found.order < best.order
                                                  : found.preference < best.preference;
        if (best.name[0] == '\0' || is_lower) {
            best = found;
        }
    }
    char name[TARGET_NAME_SIZE + 16];
    snprintf(name, sizeof(name), "%s%s",
             best.name[0] != '\0'  ? ""
             : lookup->wish.is_tcp ? "_sip._tcp."
                                   : "_sip._udp.",
             best.name[0] != '\0' ? best.name : lookup->host);
    ask(lookup, ASK_SRV, name, 0);
}

static int by_priority(const void *a, const void *b)
{
    const struct target_srv *left = a;
    const struct target_srv *right = b;
    return (left->priority > right->priority) - (left->priority < right->priority);
}

static void on_srv(struct lookup *lookup, const struct ub_result *result, struct tri known)
{
    struct target_srv found[4 * TARGET_RECORDS_MAX];
    int count = 0;
    int max = (int)(sizeof(found) / sizeof(found[0]));
    for (int i = 0; known.is == TRI_PRESENT && result->data[i] != NULL && count < max; i++) {
        count += target_read_srv(rdata_at(result, i), &found[count]) ? 1 : 0;
    }
    if (known.is == TRI_UNKNOWN) {
        lookup->answer.is_partial = true; /* what is known of before is better */
    }
    if (count == 0) {
        ask_host(lookup);
        return;
    }
    if (count == 1 && found[0].name[0] == '\0') {
        lookup->is_gone = true;
        return;
    }
    qsort(found, (size_t)count, sizeof(found[0]), by_priority);
    for (int i = 0; i < count; i++) {
        struct target_record record = {
            .priority = found[i].priority, .weight = found[i].weight, .port = found[i].port};
        if (found[i].name[0] != '\0') {
            ask_addresses(lookup, found[i].name, &record);
        }
    }
}

static void on_addresses(struct lookup *lookup, const struct question *question,
                         const struct ub_result *result, struct tri known)
{
    struct target_record *record = &lookup->answer.set.records[question->record];
    for (int i = 0; known.is == TRI_PRESENT && result->data[i] != NULL; i++) {
        target_add_address(record, rdata_at(result, i));
    }
    lookup->answer.is_partial |= known.is == TRI_UNKNOWN;
}

static void on_answer(void *ctx, int error, struct ub_result *result)
{
    struct question *question = ctx;
    struct lookup *lookup = question->lookup;
    struct tri known = known_of(error, result);
    question->is_open = false;
    lookup->open_count--;
    if (known.is == TRI_PRESENT && result->ttl < lookup->answer.ttl_s) {
        lookup->answer.ttl_s = result->ttl;
    }
    switch (question->kind) {
    case ASK_NAPTR: /* there are servers that fail on it: SRV is asked for all the same */
        lookup->answer.is_partial |= known.is == TRI_UNKNOWN;
        on_naptr(lookup, result, known.is == TRI_PRESENT);
        break;
    case ASK_SRV:
        on_srv(lookup, result, known);
        break;
    case ASK_A:
    case ASK_AAAA:
        on_addresses(lookup, question, result, known);
        break;
    }
    ub_resolve_free(result);
}

bool dns_client_ask(struct dns_client *client, const struct dns_wish *wish, int64_t now_us)
{
    struct lookup *lookup = calloc(1, sizeof(*lookup));
    if (lookup == NULL ||
        !slice_copy_text(slice_from_text(wish->host), lookup->host, sizeof(lookup->host))) {
        free(lookup);
        return false;
    }
    lookup->client = client;
    lookup->wish = *wish;
    lookup->wish.host = lookup->host;
    lookup->until_us = now_us + PATIENCE_US;
    lookup->answer.ttl_s = TTL_MAX_S;
    lookup->next = client->lookups;
    client->lookups = lookup;
    if (wish->port != 0) {
        ask_host(lookup);
    } else {
        ask(lookup, ASK_NAPTR, lookup->host, 0);
    }
    return true;
}

int dns_client_fd(const struct dns_client *client)
{
    return ub_fd(client->context);
}

static void tell(struct lookup *lookup)
{
    struct dns_answer *answer = &lookup->answer;
    int address_count = 0;
    for (int i = 0; i < answer->set.count; i++) {
        address_count += answer->set.records[i].v4_count + answer->set.records[i].v6_count;
    }
    bool is_present = address_count > 0 && !lookup->is_gone;
    answer->known.is = is_present ? TRI_PRESENT : answer->is_partial ? TRI_UNKNOWN : TRI_ABSENT;
    if (answer->known.is == TRI_ABSENT && answer->ttl_s > TTL_NONE_S) {
        answer->ttl_s = TTL_NONE_S;
    }
    lookup->wish.done(lookup->wish.ctx, answer);
}

void dns_client_turn(struct dns_client *client, int64_t now_us)
{
    (void)ub_process(client->context);
    struct lookup **place = &client->lookups;
    while (*place != NULL) {
        struct lookup *lookup = *place;
        if (lookup->open_count > 0 && now_us >= lookup->until_us) {
            cancel(lookup);
            lookup->answer.is_partial = true;
        }
        if (lookup->open_count > 0) {
            place = &lookup->next;
            continue;
        }
        *place = lookup->next;
        tell(lookup);
        free(lookup);
    }
}
