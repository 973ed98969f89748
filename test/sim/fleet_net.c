/* Datagrams between phones, nodes and the carrier, and everybody's timers, in order of time. */
#include "fleet.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define NET_NODES 1
#define NET_PHONES 2
#define NET_CARRIER 3

static bool is_before(const struct fleet_place *a, const struct fleet_place *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

struct fleet_event *fleet_post(struct fleet *fleet, int64_t at_us, enum fleet_event_kind kind,
                               int index)
{
    if (fleet->heap_count == fleet->heap_max) {
        fleet->heap_max = fleet->heap_max * 2 + 1024;
        fleet->heap = realloc(fleet->heap, (size_t)fleet->heap_max * sizeof(*fleet->heap));
        assert(fleet->heap != NULL);
    }
    struct fleet_event *event =
        fleet->free_count > 0 ? fleet->free_list[--fleet->free_count] : malloc(sizeof(*event));
    assert(event != NULL);
    struct fleet_place place = {at_us, ++fleet->order, event};
    event->at_us = at_us;
    event->kind = kind;
    event->index = index;
    event->size = 0;
    int at = fleet->heap_count++;
    while (at > 0 && is_before(&place, &fleet->heap[(at - 1) / 2])) {
        fleet->heap[at] = fleet->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    fleet->heap[at] = place;
    return event;
}

static struct fleet_event *take(struct fleet *fleet)
{
    struct fleet_event *first = fleet->heap[0].event;
    struct fleet_place last = fleet->heap[--fleet->heap_count];
    int at = 0;
    for (;;) {
        int child = 2 * at + 1;
        if (child >= fleet->heap_count) {
            break;
        }
        if (child + 1 < fleet->heap_count &&
            is_before(&fleet->heap[child + 1], &fleet->heap[child])) {
            child++;
        }
        if (!is_before(&fleet->heap[child], &last)) {
            break;
        }
        fleet->heap[at] = fleet->heap[child];
        at = child;
    }
    fleet->heap[at] = last;
    return first;
}

static void give_back(struct fleet *fleet, struct fleet_event *event)
{
    if (fleet->free_count < (int)ARRAY_COUNT(fleet->free_list)) {
        fleet->free_list[fleet->free_count++] = event;
    } else {
        free(event);
    }
}

void fleet_net_done(struct fleet *fleet)
{
    for (int i = 0; i < fleet->heap_count; i++) {
        free(fleet->heap[i].event);
    }
    for (int i = 0; i < fleet->free_count; i++) {
        free(fleet->free_list[i]);
    }
    free(fleet->heap);
}

struct reg_flow fleet_flow(int net, int host)
{
    struct reg_flow flow = {.port = 5060, .transport = REG_UDP};
    uint8_t address[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, [13] = (uint8_t)net};
    address[14] = (uint8_t)(net == NET_PHONES ? host / 250 : 0);
    address[15] = (uint8_t)(net == NET_PHONES ? host % 250 + 1 : host + 1);
    memcpy(flow.address, address, sizeof(address));
    return flow;
}

static void carry(struct fleet *fleet, enum fleet_event_kind kind, int index,
                  const struct reg_flow *from, struct slice bytes)
{
    assert(bytes.size < FLEET_MESSAGE_MAX);
    int copies = 1;
    if (fleet->world->is_faulty && !fleet->world->plan->is_net_good) {
        uint64_t fate = rng_below(&fleet->rng, 200);
        copies = fate == 0 ? 0 : fate == 1 ? 2 : 1;
    }
    for (int i = 0; i < copies; i++) {
        int64_t delay_us = 2000 + (int64_t)rng_below(&fleet->rng, 1500);
        struct fleet_event *event = fleet_post(fleet, fleet->world->now_us + delay_us, kind, index);
        event->from = *from;
        event->size = bytes.size;
        memcpy(event->data, bytes.data, bytes.size);
        fleet->messages++;
    }
}

void fleet_send_to_node(struct fleet *fleet, const struct fleet_phone *phone, struct slice bytes)
{
    carry(fleet, FLEET_TO_NODE, phone->node, &phone->flow, bytes);
}

/* A line of the carrier has this call, or is free for it; NULL: all are busy. */
static struct fleet_phone *line_find(struct fleet *fleet, struct slice bytes, int node)
{
    struct fleet_phone *lines = &fleet->phones[FLEET_PHONES];
    struct fleet_phone *idle = NULL;
    if (sip_msg_parse(bytes, &fleet->in) != SIP_OK) {
        return NULL;
    }
    for (int i = 0; i < FLEET_LINES; i++) {
        if (lines[i].state == PHONE_IDLE) {
            idle = idle == NULL ? &lines[i] : idle;
        } else if (lines[i].node == node &&
                   slice_equal(fleet->in.call_id, slice_from_text(lines[i].call_id))) {
            return &lines[i];
        }
    }
    if (idle != NULL) {
        idle->node = node;
    }
    return idle;
}

void fleet_send(void *ctx, const struct reg_flow *to, struct slice bytes)
{
    struct fleet_node *node = ctx;
    struct fleet *fleet = node->owner->world->fleet;
    struct reg_flow from = fleet_flow(NET_NODES, node->owner->index);
    int host = to->address[15] - 1;
    if (to->address[13] == NET_NODES && host < fleet->world->edge_count) {
        carry(fleet, FLEET_TO_NODE, host, &from, bytes);
    } else if (to->address[13] == NET_PHONES) {
        int index = to->address[14] * 250 + host;
        if (index < FLEET_PHONES) {
            carry(fleet, FLEET_TO_PHONE, index, &from, bytes);
        }
    } else if (to->address[13] == NET_CARRIER) {
        carry(fleet, FLEET_TO_PHONE, FLEET_PHONES, &from, bytes);
    }
}

/* Somebody who can call; NULL: hardly anybody can. */
static struct fleet_phone *caller_find(struct fleet *fleet)
{
    for (int i = 0; i < 10; i++) {
        struct fleet_phone *phone =
            &fleet->phones[rng_below(&fleet->rng, (uint64_t)fleet->phone_count)];
        if (phone->is_registered && phone->state == PHONE_IDLE) {
            return phone;
        }
    }
    return NULL;
}

static void arrival(struct fleet *fleet)
{
    struct world *world = fleet->world;
    char number[32];
    struct rng *rng = &fleet->rng;
    int64_t pause_us = (int64_t)rng_below(rng, (uint64_t)(2 * fleet->call_every_us)) + 1;
    if (!world->is_faulty) {
        return;
    }
    fleet_post(fleet, world->now_us + pause_us, FLEET_ARRIVAL, 0);
    struct fleet_phone *caller = caller_find(fleet);
    if (caller == NULL) {
        return;
    }
    uint64_t where = rng_below(rng, 100);
    const struct fleet_phone *callee = &fleet->phones[rng_below(rng, (uint64_t)fleet->phone_count)];
    if (where < 2) {
        snprintf(number, sizeof(number), "112");
    } else if (where < 30) {
        snprintf(number, sizeof(number), "4420%06llu", (unsigned long long)rng_below(rng, 1000000));
    } else if (callee->home == caller->home || where < 45) {
        snprintf(number, sizeof(number), "%s", callee->number);
    } else {
        snprintf(number, sizeof(number), "%s",
                 fleet->phones[callee->index - callee->home + caller->home].number);
    }
    world->result->attempts++;
    phone_call(fleet, caller, number, SECOND + (int64_t)rng_below(rng, 60 * SECOND));
    phone_watch(fleet, caller);
}

static void happen(struct fleet *fleet, struct fleet_event *event)
{
    struct slice bytes = slice_make(event->data, event->size);
    struct fleet_phone *phone = NULL;
    world_trace(fleet->world, 30 + event->kind, (uint64_t)event->index, event->size);
    switch (event->kind) {
    case FLEET_TO_NODE:
        node_feed(&fleet->nodes[event->index], &event->from, bytes);
        break;
    case FLEET_TO_PHONE:
        phone = event->index == FLEET_PHONES ? line_find(fleet, bytes, event->from.address[15] - 1)
                                             : &fleet->phones[event->index];
        if (phone != NULL) {
            phone_feed(fleet, phone, bytes);
        }
        break;
    case FLEET_TIMER:
        phone = &fleet->phones[event->index];
        if (phone->timer_us == event->at_us) {
            phone_timer(fleet, phone);
        }
        break;
    case FLEET_ARRIVAL:
        arrival(fleet);
        break;
    }
}

static struct fleet_node *node_due(struct fleet *fleet, int64_t *at_us)
{
    struct fleet_node *due = NULL;
    for (int i = 0; i < fleet->world->edge_count; i++) {
        int64_t deadline_us = fleet->nodes[i].deadline_us;
        if (deadline_us < *at_us) {
            *at_us = deadline_us;
            due = &fleet->nodes[i];
        }
    }
    return due;
}

void fleet_advance(struct world *world, int64_t to_us)
{
    struct fleet *fleet = world->fleet;
    for (;;) {
        int64_t at_us = fleet->heap_count > 0 ? fleet->heap[0].at_us : INT64_MAX;
        at_us = at_us < to_us ? at_us : to_us;
        struct fleet_node *node = node_due(fleet, &at_us);
        if (node == NULL && at_us >= to_us) {
            return;
        }
        world->now_us = at_us > world->now_us ? at_us : world->now_us;
        if (node != NULL) {
            node_tick(node);
            continue;
        }
        struct fleet_event *event = take(fleet);
        happen(fleet, event);
        give_back(fleet, event);
    }
}
