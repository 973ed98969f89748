#include "ua_internal.h"

#include <stdio.h>

#define RETRY_FIRST_US 1000000
#define RETRY_LAST_US 30000000

static void register_send(struct ua *ua, uint32_t expires_s)
{
    if (ua->is_register_pending) {
        return;
    }
    char block[UA_MESSAGE_SIZE_MAX], branch[40], via_text[200], uri[200], address[300], lines[2500];
    char from_text[400];
    struct buf out, via, more, from;
    buf_init(&out, block, sizeof(block));
    ua_branch_make(ua, branch, sizeof(branch));
    buf_init(&via, via_text, sizeof(via_text));
    ua_via_write(ua, &via, branch);
    snprintf(uri, sizeof(uri), "sip:%s", ua->config.domain);
    snprintf(address, sizeof(address), "<sip:%s@%s>", ua->config.user, ua->config.domain);
    buf_init(&from, from_text, sizeof(from_text));
    buf_printf(&from, "%s;tag=%s", address, ua->register_tag);
    buf_init(&more, lines, sizeof(lines));
    ua_contact_write(ua, &more);
    buf_printf(&more, "Expires: %u\r\nUser-Agent: dialtone-phone\r\n", expires_s);
    ua_authorize(ua, &more, SIP_REGISTER, slice_from_text(uri));
    sip_request_write(&out, &(struct sip_request){.method = SLICE("REGISTER"),
                                                  .uri = slice_from_text(uri),
                                                  .via = buf_done(&via),
                                                  .from = buf_done(&from),
                                                  .to = slice_from_text(address),
                                                  .call_id = slice_from_text(ua->register_call_id),
                                                  .cseq = ++ua->register_cseq,
                                                  .max_forwards = 70,
                                                  .lines = buf_done(&more)});
    if (!out.is_full && ua_client_start(ua, buf_done(&out), SIP_REGISTER, &ua->config.proxy,
                                        ua->register_cseq, -1) != NULL) {
        ua->is_register_pending = true;
        ua->is_leaving_sent = expires_s == 0;
        ua->register_at_us = UA_NEVER;
    }
}

void ua_register(struct ua *ua, int64_t now_us, struct ua_effects *out)
{
    ua->now_us = now_us;
    ua->out = out;
    ua->registration = UA_REG_ON;
    ua->register_expires_s = ua->config.expires_s;
    register_send(ua, ua->register_expires_s);
}

void ua_unregister(struct ua *ua, int64_t now_us, struct ua_effects *out)
{
    ua->now_us = now_us;
    ua->out = out;
    if (ua->registration != UA_REG_ON) {
        return;
    }
    ua->registration = UA_REG_LEAVING;
    ua->register_at_us = ua->is_register_pending ? UA_NEVER : now_us;
    register_send(ua, 0);
}

/* What the registrar granted to our contact: its expires parameter, else the header. */
static int64_t granted_s(const struct ua *ua, const struct sip_msg *msg)
{
    int header = msg->first[SIP_H_CONTACT];
    struct slice rest = {0}, value, text;
    int64_t granted = msg->expires_s;
    struct buf own;
    char own_text[300];
    buf_init(&own, own_text, sizeof(own_text));
    ua_contact_uri_write(ua, &own);
    while (sip_msg_list_next(msg, &header, &rest, &value)) {
        struct sip_address contact;
        uint64_t seconds;
        struct slice mine = slice_make(own_text + 1, own.size - 2);
        if (sip_address_parse(value, &contact) && slice_equal(contact.uri_text, mine) &&
            sip_param_get(contact.params, "expires", &text) &&
            slice_to_u64(text, UINT32_MAX, &seconds)) {
            granted = (int64_t)seconds;
        }
    }
    return granted;
}

static void registered(struct ua *ua, const struct sip_msg *msg)
{
    ua->register_failures = 0;
    if (ua->registration == UA_REG_LEAVING && !ua->is_leaving_sent) {
        register_send(ua, 0);
        return;
    }
    if (ua->registration == UA_REG_LEAVING) {
        ua->registration = UA_REG_OFF;
        ua->is_registered = false;
        ua->stats.unregistered++;
        ua_tell(ua, &(struct ua_event){.kind = UA_EV_UNREGISTERED, .call = -1});
        return;
    }
    int64_t expires_s = granted_s(ua, msg);
    if (expires_s <= 0) {
        ua_register_failed(ua, 200, -1);
        return;
    }
    ua->stats.registered++;
    if (!ua->is_registered) {
        ua_tell(ua, &(struct ua_event){.kind = UA_EV_REGISTERED, .call = -1, .status = 200});
    }
    ua->is_registered = true;
    /* 70 to 85 % of the time granted, so that phones that started together drift apart. */
    int64_t parts = 700 + (int64_t)rng_below(&ua->rng, 150);
    ua->register_at_us = ua->now_us + expires_s * parts * 1000;
}

void ua_register_failed(struct ua *ua, int status, int64_t retry_after_us)
{
    ua->is_register_pending = false;
    ua->is_registered = false;
    ua->stats.register_failed++;
    ua_tell(ua, &(struct ua_event){.kind = UA_EV_REGISTER_FAILED, .call = -1, .status = status});
    if (ua->registration == UA_REG_LEAVING) {
        ua->registration = UA_REG_OFF;
        return;
    }
    int shift = ua->register_failures < 5 ? ua->register_failures : 5;
    int64_t wait_us = INT64_C(1) * RETRY_FIRST_US << shift;
    wait_us = wait_us < RETRY_LAST_US ? wait_us : RETRY_LAST_US;
    ua->register_failures++;
    if (retry_after_us >= 0) {
        wait_us = retry_after_us;
    }
    ua->register_at_us = ua->now_us + wait_us + (int64_t)rng_below(&ua->rng, 500000);
}

static int64_t retry_after_us(const struct sip_msg *msg)
{
    struct slice text = sip_msg_value(msg, SIP_H_RETRY_AFTER);
    size_t digits = 0;
    while (digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '9') {
        digits++;
    }
    uint64_t seconds;
    return slice_to_u64(slice_head(text, digits), 86400, &seconds) ? (int64_t)seconds * 1000000
                                                                   : -1;
}

void ua_register_response(struct ua *ua, const struct sip_msg *msg)
{
    uint64_t seconds;
    ua->is_register_pending = false;
    if (msg->status >= 200 && msg->status < 300) {
        registered(ua, msg);
    } else if (msg->status == 423 &&
               slice_to_u64(sip_msg_value(msg, SIP_H_MIN_EXPIRES), 86400, &seconds) &&
               seconds > ua->register_expires_s) { /* RFC 3261 10.2.8 */
        ua->register_expires_s = (uint32_t)seconds;
        register_send(ua, ua->register_expires_s);
    } else {
        ua_register_failed(ua, msg->status, retry_after_us(msg));
    }
}

void ua_register_tick(struct ua *ua)
{
    if (ua->register_at_us > ua->now_us) {
        return;
    }
    ua->register_at_us = UA_NEVER;
    if (ua->registration == UA_REG_ON) {
        register_send(ua, ua->register_expires_s);
    } else if (ua->registration == UA_REG_LEAVING) {
        register_send(ua, 0);
    }
}

bool ua_is_registered(const struct ua *ua)
{
    return ua->is_registered;
}
