#include "virtual_inside.h"

#include "base/hash.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define DELAY_US 500 /* where the scenario says nothing */

void virtual_ip(const char *host, uint8_t ip[16])
{
    memset(ip, 0, 16);
    if (inet_pton(AF_INET, host, ip + 12) == 1) {
        ip[10] = ip[11] = 0xff; /* RFC 4291 2.5.5.2 */
    } else {
        (void)inet_pton(AF_INET6, host, ip);
    }
}

void virtual_trace(struct virtual *virtual, int kind, const void *data, size_t size)
{
    uint64_t hash = hash_u64(virtual->totals.trace_hash, (uint64_t) virtual->now_us);
    hash = hash_u64(hash, (uint64_t)kind);
    virtual->totals.trace_hash = hash_bytes(hash, data, size);
}

static bool is_before(const struct virtual_event *a, const struct virtual_event *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

struct virtual_event *virtual_post(struct virtual *virtual, int64_t at_us,
                                   enum virtual_event_kind kind)
{
    if (virtual->heap_count == virtual->heap_max) {
        virtual->heap_max = virtual->heap_max * 2 + 64;
        virtual->heap = realloc(virtual->heap, (size_t) virtual->heap_max * sizeof(*virtual->heap));
    }
    struct virtual_event *event = calloc(1, sizeof(*event));
    if (virtual->heap == NULL || event == NULL) {
        abort(); /* no memory: nothing that a scenario could learn from */
    }
    event->at_us = at_us;
    event->order = ++virtual->order;
    event->kind = kind;
    event->agent = -1;
    int at = virtual->heap_count++;
    while (at > 0 && is_before(event, virtual->heap[(at - 1) / 2])) {
        virtual->heap[at] = virtual->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    virtual->heap[at] = event;
    return event;
}

struct virtual_event *virtual_next(struct virtual *virtual)
{
    return virtual->heap_count > 0 ? virtual->heap[0] : NULL;
}

void virtual_pop(struct virtual *virtual)
{
    struct virtual_event *last = virtual->heap[--virtual->heap_count];
    int at = 0;
    free(virtual->heap[0]->data);
    free(virtual->heap[0]);
    for (;;) {
        int child = 2 * at + 1;
        if (child >= virtual->heap_count) {
            break;
        }
        if (child + 1 < virtual->heap_count &&
            is_before(virtual->heap[child + 1], virtual->heap[child])) {
            child++;
        }
        if (!is_before(virtual->heap[child], last)) {
            break;
        }
        virtual->heap[at] = virtual->heap[child];
        at = child;
    }
    virtual->heap[at] = last;
}

void virtual_net_done(struct virtual *virtual)
{
    while (virtual->heap_count > 0) {
        virtual_pop(virtual);
    }
    free(virtual->heap);
}

static void carry(struct virtual *virtual, enum virtual_event_kind kind, int agent,
                  const struct reg_flow *flow, struct slice bytes, int64_t at_us)
{
    struct virtual_event *event = virtual_post(virtual, at_us, kind);
    event->agent = agent;
    event->flow = *flow;
    event->data = malloc(bytes.size + 1);
    event->size = bytes.size;
    if (event->data == NULL) {
        abort();
    }
    memcpy(event->data, bytes.data, bytes.size);
}

/* Datagrams suffer what the scenario says; streams are only late, and keep their order. */
static void transmit(struct virtual *virtual, enum virtual_event_kind kind, int agent,
                     const struct reg_flow *flow, struct slice bytes)
{
    const struct scn_network *network = &virtual->scn->network;
    int64_t delay_us = network->delay_us > 0 ? network->delay_us : DELAY_US;
    int64_t at_us = virtual->now_us + delay_us;
    virtual->totals.messages++;
    if (flow->transport == REG_TCP) {
        int64_t *last_us = &virtual->agents[agent].stream_at_us[kind == VIRTUAL_TO_AGENT];
        at_us = at_us > *last_us ? at_us : *last_us;
        *last_us = at_us;
        carry(virtual, kind, agent, flow, bytes, at_us);
        return;
    }
    if (rng_chance(&virtual->rng, network->loss_ppm)) {
        return;
    }
    if (rng_chance(&virtual->rng, network->reorder_ppm)) {
        at_us += (int64_t)rng_below(&virtual->rng, (uint64_t)(4 * delay_us));
    }
    carry(virtual, kind, agent, flow, bytes, at_us);
    if (rng_chance(&virtual->rng, network->repeat_ppm)) {
        int64_t later_us = (int64_t)rng_below(&virtual->rng, (uint64_t)(8 * delay_us));
        carry(virtual, kind, agent, flow, bytes, at_us + later_us);
    }
}

static struct reg_flow flow_of(const struct virtual_agent *agent, bool is_tcp)
{
    struct reg_flow flow = {.port = agent->address.port,
                            .transport = is_tcp ? REG_TCP : REG_UDP,
                            .connection = is_tcp ? agent->connection : 0};
    bool is_ipv6 = strchr(agent->address.host, ':') != NULL;
    memcpy(flow.address, agent->ip, sizeof(flow.address));
    flow.listener = (uint8_t)(2 * is_ipv6 + is_tcp);
    return flow;
}

void virtual_agent_flush(struct virtual *virtual, int index)
{
    struct virtual_agent *agent = &virtual->agents[index];
    for (int i = 0; i < virtual->out.count; i++) {
        const struct ua_effect *effect = &virtual->out.list[i];
        if (effect->kind == UA_DO_TELL) {
            virtual_trace(virtual, 100 + (int)effect->event.kind, &effect->event.status,
                          sizeof(effect->event.status));
            if (virtual->each != NULL) {
                virtual->each(virtual->each_ctx, index, &effect->event);
            }
            continue;
        }
        if (effect->to.is_tcp && agent->connection == 0) {
            if (!virtual->is_edge_up) { /* nobody accepts */
                virtual_post(virtual, virtual->now_us + DELAY_US, VIRTUAL_FLOW_LOST)->agent = index;
                continue;
            }
            agent->connection = ++virtual->next_connection;
        }
        struct reg_flow flow = flow_of(agent, effect->to.is_tcp);
        transmit(virtual, VIRTUAL_TO_EDGE, index, &flow, effect->bytes);
    }
    ua_effects_clear(&virtual->out);
    agent->deadline_us = ua_deadline(agent->ua);
}

void virtual_send(void *ctx, const struct reg_flow *to, struct slice message)
{
    struct virtual *virtual = ctx;
    for (int i = 0; i < virtual->scn->agent_count; i++) {
        struct virtual_agent *agent = &virtual->agents[i];
        bool is_it = agent->address.port == to->port &&
                     memcmp(agent->ip, to->address, sizeof(agent->ip)) == 0;
        if (!is_it) {
            continue;
        }
        bool is_tcp = to->transport == REG_TCP;
        if (is_tcp && to->connection != 0 && to->connection != agent->connection) {
            break;
        }
        if (is_tcp && agent->connection == 0) { /* the edge connects */
            agent->connection = ++virtual->next_connection;
        }
        struct reg_flow flow = flow_of(agent, is_tcp);
        transmit(virtual, VIRTUAL_TO_AGENT, i, &flow, message);
        return;
    }
    struct virtual_event *event =
        virtual_post(virtual, virtual->now_us + DELAY_US, VIRTUAL_UNREACHABLE);
    event->flow = *to;
}
