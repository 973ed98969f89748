/* What a phone does: one registration, one call at a time, and all of it again where nothing comes
 * back. A line of the carrier is a phone that only answers. */
#include "fleet.h"

#include <stdio.h>

#define TRIES_MAX 3
#define REFRESH_US (500 * SECOND)
#define NEVER INT64_MAX

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void phone_watch(struct fleet *fleet, struct fleet_phone *phone)
{
    int64_t at_us = phone->refresh_us;
    if (phone->reg.size > 0) {
        at_us = earlier(at_us, phone->reg.at_us);
    }
    if (phone->call.size > 0) {
        at_us = earlier(at_us, phone->call.at_us);
    }
    if (phone->state != PHONE_IDLE) {
        at_us = earlier(at_us, phone->act_us);
    }
    if (at_us != phone->timer_us && at_us != NEVER) {
        fleet_post(fleet, at_us, FLEET_TIMER, phone->index);
    }
    phone->timer_us = at_us;
}

static void idle(struct fleet_phone *phone)
{
    phone->state = PHONE_IDLE;
    phone->call.size = 0;
    phone->act_us = NEVER;
}

void phone_register(struct fleet *fleet, struct fleet_phone *phone)
{
    phone->reg_tries = 0;
    phone->refresh_us = fleet->world->now_us + REFRESH_US;
    phone_write_register(fleet, phone);
}

static void registered(struct fleet *fleet, struct fleet_phone *phone)
{
    const struct sip_msg *msg = &fleet->in;
    if (msg->status < 200 || msg->cseq != phone->reg_cseq) {
        return;
    }
    phone->reg.size = 0;
    if (msg->status == 401 && phone->reg_tries++ < TRIES_MAX) {
        phone_keep_challenge(fleet, phone, 0, msg);
        phone_write_register(fleet, phone);
        return;
    }
    phone->is_registered = msg->status == 200;
    if (!phone->is_registered) {
        phone->refresh_us = fleet->world->now_us + 10 * SECOND;
    }
}

void phone_call(struct fleet *fleet, struct fleet_phone *phone, const char *number, int64_t talk_us)
{
    phone->state = PHONE_CALLING;
    phone->is_caller = true;
    phone->is_emergency = strcmp(number, "112") == 0;
    phone->call_tries = 0;
    phone->cseq = 0;
    phone->answered_us = 0;
    phone->act_us = NEVER;
    snprintf(phone->peer, sizeof(phone->peer), "%s", number);
    snprintf(phone->call_id, sizeof(phone->call_id), "c%llx-%d",
             (unsigned long long)++fleet->number, phone->index);
    snprintf(phone->local_tag, sizeof(phone->local_tag), "a%llx",
             (unsigned long long)fleet->number);
    snprintf(phone->local_uri, sizeof(phone->local_uri), "<sip:%s@" FLEET_DOMAIN ">", phone->user);
    phone->talk_us = talk_us;
    phone_write_invite(fleet, phone);
}

static void copy(struct slice from, char *to, size_t size)
{
    if (!slice_copy_text(from, to, size)) {
        to[0] = '\0';
    }
}

/* Route set of the dialog (RFC 3261 12.1): as it came for the called side, reversed for the
 * calling. */
static void routes_read(const struct sip_msg *msg, bool is_reversed, char *text, size_t size)
{
    struct slice values[8];
    struct slice rest = {NULL, 0};
    struct buf out;
    int count = 0;
    int header = msg->first[SIP_H_RECORD_ROUTE];
    while (count < 8 && sip_msg_list_next(msg, &header, &rest, &values[count])) {
        count++;
    }
    buf_init(&out, text, size - 1);
    for (int i = 0; i < count; i++) {
        buf_text(&out, i > 0 ? ", " : "");
        buf_slice(&out, values[is_reversed ? count - 1 - i : i]);
    }
    text[out.is_full ? 0 : out.size] = '\0';
}

static void target_read(const struct sip_msg *msg, char *text, size_t size)
{
    struct sip_address contact;
    text[0] = '\0';
    if (sip_address_parse(sip_msg_value(msg, SIP_H_CONTACT), &contact)) {
        copy(contact.uri_text, text, size);
    }
}

static void uri_read(const struct sip_address *address, char *text, size_t size)
{
    snprintf(text, size, "<" SLICE_FMT ">", SLICE_ARG(address->uri_text));
}

static void answered(struct fleet *fleet, struct fleet_phone *phone)
{
    const struct sip_msg *msg = &fleet->in;
    int64_t now_us = fleet->world->now_us;
    if (phone->state == PHONE_CALLING) {
        phone->state = PHONE_TALKING;
        phone->answered_us = now_us;
        phone->call.size = 0;
        phone->act_us = now_us + phone->talk_us;
        copy(msg->to.tag, phone->remote_tag, sizeof(phone->remote_tag));
        target_read(msg, phone->target, sizeof(phone->target));
        routes_read(msg, true, phone->routes, sizeof(phone->routes));
        uri_read(&msg->to, phone->remote_uri, sizeof(phone->remote_uri));
        fleet->world->result->calls++;
    }
    phone_write_ack(fleet, phone, true);
}

static void refused(struct fleet *fleet, struct fleet_phone *phone)
{
    const struct sip_msg *msg = &fleet->in;
    struct world *world = fleet->world;
    phone_write_ack(fleet, phone, false);
    if (phone->state != PHONE_CALLING) {
        return;
    }
    phone->call.size = 0;
    if (msg->status == 407 && phone->call_tries++ < TRIES_MAX) {
        phone_keep_challenge(fleet, phone, 1, msg);
        phone_write_invite(fleet, phone);
        return;
    }
    bool is_policy = msg->status == 402 || msg->status == 403 || msg->status == 404 ||
                     msg->status == 480 || msg->status == 503;
    if (phone->is_emergency && is_policy && sip_msg_has(msg, SIP_H_X_REASON)) {
        world_violation(world, "I13: an emergency call was refused: %d " SLICE_FMT, msg->status,
                        SLICE_ARG(sip_msg_value(msg, SIP_H_X_REASON)));
    }
    world_trace(world, 31, (uint64_t)phone->index, (uint64_t)msg->status);
    idle(phone);
}

static void response_came(struct fleet *fleet, struct fleet_phone *phone)
{
    const struct sip_msg *msg = &fleet->in;
    if (msg->cseq_method == SIP_REGISTER) {
        registered(fleet, phone);
        return;
    }
    if (!slice_equal(msg->call_id, slice_from_text(phone->call_id)) || msg->cseq != phone->cseq) {
        return;
    }
    if (msg->cseq_method == SIP_BYE && phone->state == PHONE_ENDING && msg->status >= 200) {
        idle(phone);
    } else if (msg->cseq_method == SIP_INVITE && msg->status < 200) {
        phone->call.at_us = phone->call.give_up_us; /* it is heard: no more repeats */
    } else if (msg->cseq_method == SIP_INVITE && msg->status < 300) {
        answered(fleet, phone);
    } else if (msg->cseq_method == SIP_INVITE) {
        refused(fleet, phone);
    }
}

static void rings(struct fleet *fleet, struct fleet_phone *phone, struct slice bytes)
{
    const struct sip_msg *msg = &fleet->in;
    bool may_answer = rng_chance(&fleet->rng, 850000);
    phone->state = PHONE_RINGING;
    phone->is_caller = false;
    phone->is_emergency = false;
    phone->cseq = 100;
    copy(msg->call_id, phone->call_id, sizeof(phone->call_id));
    snprintf(phone->local_tag, sizeof(phone->local_tag), "b%llx",
             (unsigned long long)++fleet->number);
    copy(msg->from.tag, phone->remote_tag, sizeof(phone->remote_tag));
    target_read(msg, phone->target, sizeof(phone->target));
    routes_read(msg, false, phone->routes, sizeof(phone->routes));
    uri_read(&msg->from, phone->remote_uri, sizeof(phone->remote_uri));
    snprintf(phone->local_uri, sizeof(phone->local_uri), "<" SLICE_FMT ">",
             SLICE_ARG(msg->to.uri_text));
    memcpy(phone->invite, bytes.data, bytes.size);
    phone->invite_size = bytes.size;
    phone->will_answer = may_answer;
    phone->act_us = fleet->world->now_us + 200000 + (int64_t)rng_below(&fleet->rng, 4 * SECOND);
    phone_answer(fleet, phone, msg, 180, NULL);
}

static void request_came(struct fleet *fleet, struct fleet_phone *phone, struct slice bytes)
{
    const struct sip_msg *msg = &fleet->in;
    bool is_ours =
        phone->state != PHONE_IDLE && slice_equal(msg->call_id, slice_from_text(phone->call_id));
    switch (msg->method) {
    case SIP_INVITE:
        if (is_ours && phone->state == PHONE_RINGING) {
            phone_answer(fleet, phone, msg, 180, NULL);
        } else if (is_ours && !phone->is_caller && phone->call.size > 0) {
            fleet_send_to_node(fleet, phone, slice_make(phone->call.data, phone->call.size));
        } else if (phone->state == PHONE_IDLE && bytes.size < sizeof(phone->invite)) {
            rings(fleet, phone, bytes);
        } else {
            phone_answer(fleet, phone, msg, 486, NULL);
        }
        break;
    case SIP_ACK:
        if (is_ours && phone->state == PHONE_TALKING) {
            phone->call.size = 0;
        }
        break;
    case SIP_CANCEL:
        phone_answer(fleet, phone, msg, is_ours ? 200 : 481, NULL);
        if (is_ours && phone->state == PHONE_RINGING &&
            sip_msg_parse(slice_make(phone->invite, phone->invite_size), &fleet->reader) ==
                SIP_OK) {
            phone_answer(fleet, phone, &fleet->reader, 487, NULL);
            idle(phone);
        }
        break;
    case SIP_BYE:
        phone_answer(fleet, phone, msg, is_ours ? 200 : 481, NULL);
        if (is_ours) {
            idle(phone);
        }
        break;
    case SIP_OPTIONS:
        phone_answer(fleet, phone, msg, is_ours ? 200 : 481, NULL);
        break;
    case SIP_METHOD_OTHER:
    case SIP_INFO:
    case SIP_MESSAGE:
    case SIP_NOTIFY:
    case SIP_PRACK:
    case SIP_PUBLISH:
    case SIP_REFER:
    case SIP_REGISTER:
    case SIP_SUBSCRIBE:
    case SIP_UPDATE:
        phone_answer(fleet, phone, msg, 501, NULL);
        break;
    }
}

void phone_feed(struct fleet *fleet, struct fleet_phone *phone, struct slice bytes)
{
    if (sip_msg_parse(bytes, &fleet->in) != SIP_OK) {
        world_violation(fleet->world, "a node sent what is no SIP to phone %d", phone->index);
        return;
    }
    if (fleet->in.is_request) {
        request_came(fleet, phone, bytes);
    } else {
        response_came(fleet, phone);
    }
    phone_watch(fleet, phone);
}

/* True: given up. */
static bool repeat(struct fleet *fleet, const struct fleet_phone *phone,
                   struct fleet_pending *pending)
{
    int64_t now_us = fleet->world->now_us;
    if (pending->size == 0 || now_us < pending->at_us) {
        return false;
    }
    if (now_us >= pending->give_up_us) {
        pending->size = 0;
        return true;
    }
    fleet_send_to_node(fleet, phone, slice_make(pending->data, pending->size));
    pending->step_us = earlier(2 * pending->step_us, 4 * SECOND);
    pending->at_us = earlier(now_us + pending->step_us, pending->give_up_us);
    return false;
}

static void act(struct fleet *fleet, struct fleet_phone *phone)
{
    int64_t now_us = fleet->world->now_us;
    phone->act_us = NEVER;
    if (phone->state == PHONE_TALKING) {
        phone->state = PHONE_ENDING;
        phone_write_bye(fleet, phone);
    } else if (phone->state == PHONE_RINGING &&
               sip_msg_parse(slice_make(phone->invite, phone->invite_size), &fleet->in) == SIP_OK) {
        if (!phone->will_answer) {
            phone_answer(fleet, phone, &fleet->in, 486, NULL);
            idle(phone);
            return;
        }
        phone->state = PHONE_TALKING;
        phone->answered_us = now_us;
        phone->act_us = now_us + SECOND + (int64_t)rng_below(&fleet->rng, 90 * SECOND);
        phone_answer(fleet, phone, &fleet->in, 200, &phone->call);
    }
}

void phone_timer(struct fleet *fleet, struct fleet_phone *phone)
{
    int64_t now_us = fleet->world->now_us;
    if (repeat(fleet, phone, &phone->reg)) {
        phone->refresh_us = now_us + 5 * SECOND;
    }
    if (repeat(fleet, phone, &phone->call)) {
        idle(phone);
    }
    if (phone->state != PHONE_IDLE && now_us >= phone->act_us) {
        act(fleet, phone);
    }
    if (now_us >= phone->refresh_us) {
        phone_register(fleet, phone);
    }
    phone->timer_us = NEVER;
    phone_watch(fleet, phone);
}
