#include "registrar/ask.h"

#include "base/hash.h"

#include <string.h>

#define EXPIRES_HIGHEST UINT32_MAX /* RFC 3261 20.19 */
#define MARK_SEED 0                /* these hashes are journalled: a restart must find the same */

struct ask_mark ask_mark(const struct sip_msg *request, uint64_t hash_seed)
{
    struct ask_mark mark = {.call_id_hash = hash_slice(MARK_SEED, request->call_id),
                            .branch_hash = hash_slice(MARK_SEED, request->via.branch),
                            .cseq = request->cseq};
    int contact = request->first[SIP_H_CONTACT];
    bool is_plain =
        contact >= 0 && sip_msg_next(request, contact) < 0 && !sip_msg_has(request, SIP_H_PATH);
    if (is_plain) {
        uint64_t hash = hash_slice(hash_seed, request->headers[contact].value);
        hash = hash_slice(hash ^ (uint64_t)request->expires_s,
                          sip_msg_value(request, SIP_H_USER_AGENT));
        mark.asked_hash = hash == 0 ? 1 : hash;
    }
    return mark;
}

/* RFC 3261 25.1: "0" or "1" with up to three decimals; 1 only with zeros. */
static bool read_q(struct slice text, uint16_t *q)
{
    if (text.size == 0 || text.size > 5 || (text.data[0] != '0' && text.data[0] != '1') ||
        (text.size > 1 && text.data[1] != '.')) {
        return false;
    }
    unsigned value = text.data[0] == '1' ? 1000 : 0;
    unsigned weight = 100;
    for (size_t i = 2; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        value += (unsigned)(text.data[i] - '0') * weight;
        weight /= 10;
    }
    if (value > 1000) {
        return false;
    }
    *q = (uint16_t)value;
    return true;
}

/* The Contact's own wish, else the Expires header's, else ours; what is no number counts as none
 * (RFC 3261 10.2.1.1, 20.10). Zero or no shorter than the least we grant, else false. */
static bool read_expires(const struct sip_address *address, const struct sip_msg *request,
                         const struct registrar_settings *settings, uint32_t *expires_s)
{
    int64_t asked_s = request->expires_s;
    struct slice text;
    uint64_t value = 0;
    if (sip_param_get(address->params, "expires", &text)) {
        asked_s = slice_to_u64(text, EXPIRES_HIGHEST, &value) ? (int64_t)value : -1;
    }
    if (asked_s < 0) {
        asked_s = settings->expires_default_s;
    }
    if (asked_s > 0 && asked_s < settings->expires_min_s) {
        return false;
    }
    asked_s = asked_s > settings->expires_max_s ? settings->expires_max_s : asked_s;
    *expires_s = (uint32_t)asked_s;
    return true;
}

/* It is echoed inside a quoted string, so nothing that would end or escape one may be in it. */
static bool is_plain_text(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\') {
            return false;
        }
    }
    return true;
}

/* RFC 5626 4.1: a reg-id means something only together with an instance. */
static bool read_instance(const struct sip_address *address, struct contact *out)
{
    struct slice text;
    if (!sip_param_get(address->params, "+sip.instance", &text) || text.size == 0) {
        return true;
    }
    if (text.size > REG_INSTANCE_SIZE_MAX || !is_plain_text(text)) {
        return false;
    }
    out->instance = text;
    uint64_t reg_id = 0;
    if (sip_param_get(address->params, "reg-id", &text) && slice_to_u64(text, INT32_MAX, &reg_id)) {
        out->fixed.reg_id = (uint32_t)reg_id;
    }
    return true;
}

static enum reg_result read_contact(struct slice value, const struct sip_msg *request,
                                    const struct registrar_settings *settings, struct contact *out,
                                    struct sip_uri *uri)
{
    struct sip_address address;
    if (!sip_address_parse(value, &address) || address.is_star || address.uri.host.size == 0 ||
        (address.uri.scheme != SIP_SCHEME_SIP && address.uri.scheme != SIP_SCHEME_SIPS)) {
        return REG_BAD_CONTACT;
    }
    *out = (struct contact){.fixed.q = 1000};
    *uri = address.uri;
    /* Headers may stand in a Contact but not in the Request-URI that it becomes (RFC 3261 19.1.1).
     */
    out->uri = slice_head(uri->text, uri->text.size - uri->headers.size);
    if (uri->headers.size > 0 && out->uri.size > 0 && out->uri.data[out->uri.size - 1] == '?') {
        out->uri.size--;
    }
    struct slice q;
    if (out->uri.size >= REG_URI_SIZE_MAX || !read_instance(&address, out) ||
        (sip_param_get(address.params, "q", &q) && !read_q(q, &out->fixed.q))) {
        return REG_BAD_CONTACT;
    }
    return read_expires(&address, request, settings, &out->fixed.asked_expires_s) ? REG_DONE
                                                                                  : REG_TOO_BRIEF;
}

/* All Path values in order, comma-separated (RFC 3327 5.3). */
static bool read_path(struct ask *ask, const struct sip_msg *request, struct slice *path)
{
    struct buf buf;
    buf_init(&buf, ask->path, sizeof(ask->path) - 1);
    int header = request->first[SIP_H_PATH];
    struct slice rest = {NULL, 0};
    struct slice value;
    while (sip_msg_list_next(request, &header, &rest, &value)) {
        struct sip_address address;
        if (!sip_address_parse(value, &address) || address.is_star ||
            (address.uri.scheme != SIP_SCHEME_SIP && address.uri.scheme != SIP_SCHEME_SIPS) ||
            memchr(value.data, '\r', value.size) != NULL ||
            memchr(value.data, '\n', value.size) != NULL) {
            return false;
        }
        if (buf.size > 0) {
            buf_char(&buf, ',');
        }
        buf_slice(&buf, value);
    }
    *path = buf_done(&buf);
    return !buf.is_full;
}

static void seal(struct contact *contact, struct slice path, struct slice agent)
{
    contact->path = path;
    contact->agent = agent;
    contact->fixed.uri_size = (uint16_t)contact->uri.size;
    contact->fixed.path_size = (uint16_t)path.size;
    contact->fixed.instance_size = (uint8_t)contact->instance.size;
    contact->fixed.agent_size = (uint8_t)agent.size;
}

enum reg_result ask_read(struct ask *ask, const struct sip_msg *request,
                         const struct registrar_settings *settings)
{
    ask->is_all = false;
    ask->contact_count = 0;
    ask->is_query = !sip_msg_has(request, SIP_H_CONTACT);
    if (ask->is_query) {
        return REG_DONE;
    }
    struct slice path;
    if (!read_path(ask, request, &path)) {
        return REG_BAD_CONTACT;
    }
    struct slice agent = slice_head(sip_msg_value(request, SIP_H_USER_AGENT), REG_AGENT_SIZE_MAX);
    int header = request->first[SIP_H_CONTACT];
    struct slice rest = {NULL, 0};
    struct slice value;
    while (sip_msg_list_next(request, &header, &rest, &value)) {
        if (slice_equal(slice_trim(value), SLICE("*"))) {
            ask->is_all = true;
            continue;
        }
        if (ask->contact_count == REG_CONTACTS_MAX) {
            return REG_TOO_MANY;
        }
        struct contact *contact = &ask->contacts[ask->contact_count];
        enum reg_result result =
            read_contact(value, request, settings, contact, &ask->uris[ask->contact_count]);
        if (result != REG_DONE) {
            return result;
        }
        seal(contact, path, agent);
        ask->contact_count++;
    }
    /* RFC 3261 10.3 step 6: "*" stands alone and with Expires 0, or not at all. */
    bool is_sound =
        ask->is_all ? ask->contact_count == 0 && request->expires_s == 0 : ask->contact_count > 0;
    return is_sound ? REG_DONE : REG_BAD_CONTACT;
}
