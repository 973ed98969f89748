/* edge_talk.c - what the phones around the edge say to it, and hear. */
#include "edge_harness.h"

#include <string.h>

void h_feed(struct harness *h, enum h_who who, struct slice bytes)
{
    struct reg_flow from = h_flow(h, who);
    char *copy = malloc(bytes.size + 1); /* its own block, so that a sanitizer sees who keeps it */
    H_CHECK(copy != NULL);
    memcpy(copy, bytes.data, bytes.size);
    enum sip_parse result = SIP_EMPTY;
    if (!edge_is_unwanted(h->worker, slice_make(copy, bytes.size), &from, &h->now)) {
        result = sip_msg_parse(slice_make(copy, bytes.size), &h->in);
    }
    if (h->worker_count > 1) { /* as the shell does: its call's worker, or whoever received it */
        int owner = result == SIP_OK ? edge_owner(h->edge, &h->in) : EDGE_ANY;
        h->worker = h->workers[owner == EDGE_ANY ? (int)who % h->worker_count : owner];
    }
    if (result != SIP_EMPTY && result != SIP_NOT_SIP) {
        edge_message(h->worker, &h->in, result, &from, &h->now);
    }
    memset(copy, 0x5a, bytes.size);
    free(copy);
    h_turn(h);
}

void h_credentials(struct harness *h, enum h_who who, const char *method, const char *uri,
                   bool is_proxy, struct buf *out)
{
    static struct sip_msg challenge;
    char text[2048];
    char password[64];
    char cnonce[16];
    struct buf buf;
    buf_init(&buf, text, sizeof(text));
    buf_printf(&buf,
               "SIP/2.0 %d X\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n"
               "To: <sip:a@b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 %s\r\n",
               is_proxy ? 407 : 401, method);
    digest_challenge_write(h->digest, &buf, is_proxy, SLICE(H_DOMAIN),
                           &h->edge->settings.nonce_keys, h->now.wall_us / H_S, ++h->nonce, false,
                           DIGEST_OFFER_MD5_FIRST);
    buf_text(&buf, "Content-Length: 0\r\n\r\n");
    H_CHECK(sip_msg_parse(buf_done(&buf), &challenge) == SIP_OK);
    snprintf(password, sizeof(password), "pw-%s", h_users[who]);
    snprintf(cnonce, sizeof(cnonce), "c%u", h->nonce);
    H_CHECK(digest_answer_write(h->digest, out, &challenge, slice_from_text(h_users[who]),
                                slice_from_text(password), slice_from_text(method),
                                slice_from_text(uri), 1, slice_from_text(cnonce)));
}

struct slice h_write(struct harness *h, enum h_who who, const struct h_request *r)
{
    static char branch[64];
    const char *uri = r->uri != NULL ? r->uri : "sip:bob@" H_DOMAIN;
    const char *body = r->body != NULL ? r->body : "";
    struct buf out;
    buf_init(&out, h->text, sizeof(h->text));
    if (r->branch == NULL) {
        snprintf(branch, sizeof(branch), "z9hG4bKh%u", ++h->random);
    }
    buf_printf(&out, "%s %s SIP/2.0\r\n", r->method, uri);
    buf_printf(&out, "Via: SIP/2.0/%s %s:5060;rport;branch=%s\r\n",
               h->transport[who] == REG_TCP ? "TCP" : "UDP", h_host(who),
               r->branch != NULL ? r->branch : branch);
    if (r->max_forwards >= 0) {
        buf_printf(&out, "Max-Forwards: %d\r\n", r->max_forwards == 0 ? 70 : r->max_forwards);
    }
    buf_printf(&out, "From: <sip:%s@" H_DOMAIN ">;tag=%s\r\n",
               r->from_user != NULL ? r->from_user : h_users[who],
               r->from_tag != NULL ? r->from_tag : h_users[who]);
    if (r->to != NULL) {
        buf_printf(&out, "To: %s\r\n", r->to);
    } else {
        buf_printf(&out, "To: <%s>\r\n", uri);
    }
    buf_printf(&out, "Call-ID: %s\r\nCSeq: %u %s\r\n", r->call_id != NULL ? r->call_id : "c1",
               r->cseq != 0 ? r->cseq : 1, r->method);
    if (!r->has_no_contact) {
        buf_printf(&out, "Contact: <sip:%s@%s:5060>\r\n", h_users[who], h_host(who));
    }
    if (r->is_authorized) {
        h_credentials(h, who, r->method, uri, strcmp(r->method, "REGISTER") != 0, &out);
    }
    buf_text(&out, r->extra != NULL ? r->extra : "");
    buf_printf(&out, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    H_CHECK(!out.is_full);
    return buf_done(&out);
}

void h_ask(struct harness *h, enum h_who who, const struct h_request *request)
{
    h_feed(h, who, h_write(h, who, request));
}

bool h_take(struct harness *h, enum h_who who)
{
    for (int i = 0; i < h->sent_count; i++) {
        struct h_sent *sent = &h->sent[i];
        if (!sent->is_taken && sent->to == who) {
            sent->is_taken = true;
            H_CHECK(sip_msg_parse(slice_make(sent->data, sent->size), &h->msg) == SIP_OK);
            return true;
        }
    }
    return false;
}

void h_route_write(const struct harness *h, char *line, size_t line_size)
{
    int size = snprintf(line, line_size, "Route: " SLICE_FMT "\r\n",
                        SLICE_ARG(sip_msg_value(&h->msg, SIP_H_RECORD_ROUTE)));
    H_CHECK(size > 0 && (size_t)size < line_size);
}

bool h_take_request(struct harness *h, enum h_who who, enum sip_method method)
{
    while (h_take(h, who)) {
        if (h->msg.is_request && h->msg.method == method) {
            return true;
        }
    }
    return false;
}

bool h_take_status(struct harness *h, enum h_who who, int status)
{
    while (h_take(h, who)) {
        if (!h->msg.is_request && h->msg.status == status) {
            return true;
        }
    }
    return false;
}

int h_count(struct harness *h, enum h_who who)
{
    int count = 0;
    for (int i = 0; i < h->sent_count; i++) {
        count += !h->sent[i].is_taken && h->sent[i].to == who ? 1 : 0;
    }
    return count;
}

void h_forget(struct harness *h)
{
    h_sent_clear(h);
}

void h_reply(struct harness *h, enum h_who who, int status, const char *to_tag, const char *lines)
{
    static struct sip_msg request;
    static char copy[SIP_MESSAGE_SIZE_MAX];
    static char text[SIP_MESSAGE_SIZE_MAX];
    char contact[16384];
    memcpy(copy, h->msg.raw.data, h->msg.raw.size);
    H_CHECK(sip_msg_parse(slice_make(copy, h->msg.raw.size), &request) == SIP_OK);
    snprintf(contact, sizeof(contact), "%sContact: <sip:%s@%s:5060>\r\n",
             lines != NULL ? lines : "", h_users[who], h_host(who));
    struct sip_response response = {
        .status = status, .to_tag = slice_from_text(to_tag), .lines = slice_from_text(contact)};
    struct buf out;
    buf_init(&out, text, sizeof(text));
    sip_response_write(&out, &request, &response);
    H_CHECK(!out.is_full);
    h_feed(h, who, buf_done(&out));
}

void h_register(struct harness *h, enum h_who who)
{
    char to[64];
    char call_id[32];
    snprintf(to, sizeof(to), "<sip:%s@" H_DOMAIN ">", h_users[who]);
    snprintf(call_id, sizeof(call_id), "reg-%d", (int)who);
    struct h_request request = {.method = "REGISTER",
                                .uri = "sip:" H_DOMAIN,
                                .to = to,
                                .call_id = call_id,
                                .extra = "Expires: 7200\r\n",
                                .is_authorized = true};
    h_ask(h, who, &request);
    H_CHECK(h_take_status(h, who, 200));
}

void h_invite(struct harness *h, enum h_who who, const char *uri, const char *call_id)
{
    struct h_request request = {.method = "INVITE",
                                .uri = uri,
                                .call_id = call_id,
                                .branch = NULL,
                                .is_authorized = who <= CAROL};
    h_ask(h, who, &request);
}

bool h_call_rings(struct harness *h, const char *call_id)
{
    h_register(h, BOB);
    h_invite(h, ALICE, BOB_URI, call_id);
    return h_take_request(h, BOB, SIP_INVITE);
}

bool h_call_up(struct harness *h, const char *call_id)
{
    if (!h_call_rings(h, call_id)) {
        return false;
    }
    h_reply(h, BOB, 200, "b1", NULL);
    return h_take_status(h, ALICE, 200);
}

int h_record_count(const struct harness *h, enum journal_kind kind)
{
    int count = 0;
    for (int i = 0; i < h->record_count; i++) {
        count += h->records[i].kind == kind ? 1 : 0;
    }
    return count;
}

bool h_last_usage(const struct harness *h, struct usage *out)
{
    for (int i = h->record_count - 1; i >= 0; i--) {
        if (h->records[i].kind == JOURNAL_USAGE) {
            return usage_decode(slice_make(h->records[i].data, h->records[i].size), out);
        }
    }
    return false;
}

void h_bans_on(struct harness *h)
{
    struct ban_terms terms = ban_terms_default();
    h->edge->bans = ban_table_new(&terms, 1);
    h->edge->known = known_set_new(1000);
    H_CHECK(h->edge->bans != NULL && h->edge->known != NULL);
    atomic_store(&h->edge->is_known_loaded, true);
}

/* What must be true when all is over: nothing is open, nothing held, nothing left behind. */
static bool h_is_worker_empty(const struct edge_worker *worker)
{
    struct edge_totals totals;
    edge_sum(worker, &totals);
    bool is_empty = totals.calls_open == 0 && totals.calls_answered == 0 &&
                    worker->txns.count == 0 && worker->calls.count == 0 &&
                    worker->txn_by_key.count == 0 && worker->call_by_id.count == 0 &&
                    worker->call_by_key.count == 0;
    if (!is_empty) {
        fprintf(stderr, "left over: %u open, %u answered, %u transactions, %u calls\n",
                totals.calls_open, totals.calls_answered, worker->txns.count, worker->calls.count);
    }
    return is_empty;
}

bool h_is_empty(struct harness *h)
{
    struct meter_totals money;
    meter_sum(h->edge->meters, h->now.mono_us, &money);
    int32_t trunk_calls = 0;
    for (int i = 0; i < 8; i++) {
        trunk_calls += abs(atomic_load(&h->edge->trunk_calls[i]));
    }
    bool is_empty = money.open_count == 0 && trunk_calls == 0;
    if (!is_empty) {
        fprintf(stderr, "left over: %u meters, %d trunk calls\n", money.open_count, trunk_calls);
    }
    for (int i = 0; i < h->worker_count; i++) {
        is_empty = h_is_worker_empty(h->workers[i]) && is_empty;
    }
    return is_empty;
}
