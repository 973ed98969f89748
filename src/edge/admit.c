/* admit.c - which sources are banned for guessing, and who passes all the same.
 *
 * A message from a banned source is looked at without parsing it: one pass over its header lines.
 * It passes if it comes from a flow that proved to be a customer's, if it belongs to a call (the
 * MAC in a Route or in our Via says so), if it is of a user known at that address, answers a
 * challenge, or calls for help. The last three pass so often only (ban_door).
 */
#include "edge/refuse.h"
#include "edge/worker.h"

#include <string.h>

#define LOOK_SIZE_MAX 4096 /* of a message from a banned source */

static struct ban_now ban_time(const struct edge_time *now)
{
    return (struct ban_now){now->mono_us, now->wall_us};
}

bool edge_allows_place(const struct edge *edge, const uint8_t address[16])
{
    const struct edge_settings *settings = &edge->settings;
    const struct trunk *trunk = NULL;
    if (settings->allowed_count > 0 &&
        acl_find(settings->allowed, (uint32_t)settings->allowed_count, address) != NULL) {
        return true;
    }
    return directory_trunk_by_source(edge->directory, address, &trunk).is != TRI_ABSENT;
}

/* ---- who is known ---- */

static uint64_t flow_mark(const struct edge *edge, const struct reg_flow *flow)
{
    uint64_t hash = hash_bytes(edge->settings.hash_seed + 1, flow->address, 16);
    return hash_u64(hash, (uint64_t)flow->port << 8 | flow->transport);
}

static uint64_t place_mark(const struct edge *edge, const uint8_t source[16])
{
    return hash_bytes(edge->settings.hash_seed + 2, source, 16);
}

static uint64_t user_mark(const struct edge *edge, struct slice user, const uint8_t address[16])
{
    uint8_t source[16];
    ban_source_of(address, source);
    return hash_slice(place_mark(edge, source), user);
}

void edge_know(struct edge *edge, struct slice user, const struct reg_flow *flow)
{
    uint8_t source[16];
    if (edge->known == NULL) {
        return;
    }
    ban_source_of(flow->address, source);
    known_set_add(edge->known, flow_mark(edge, flow));
    known_set_add(edge->known, user_mark(edge, user, flow->address));
    known_set_add(edge->known, place_mark(edge, source));
}

bool edge_knows_place(const struct edge *edge, const uint8_t source[16])
{
    return edge->known != NULL && known_set_has(edge->known, place_mark(edge, source));
}

/* ---- a message from a banned source ---- */

struct glance { /* what one pass over the lines finds */
    const struct edge *edge;
    const struct reg_flow *from;
    int64_t wall_s;
    enum ban_asks asks;
    bool is_of_a_call;
};

static struct slice header_value(struct slice line, const char *name, const char *compact)
{
    size_t colon = slice_find(line, ':');
    struct slice head = slice_trim(slice_head(line, colon));
    bool is_named = slice_equal_nocase(head, slice_from_text(name)) ||
                    (compact != NULL && slice_equal_nocase(head, slice_from_text(compact)));
    return is_named && colon < line.size ? slice_skip(line, colon + 1) : (struct slice){NULL, 0};
}

/* What stands between `before` and the next `after`; empty: nothing does. */
static struct slice between(struct slice text, const char *before, char after)
{
    size_t size = strlen(before);
    const char *at = memmem(text.data, text.size, before, size);
    if (text.size == 0 || at == NULL) {
        return (struct slice){NULL, 0};
    }
    struct slice rest = slice_skip(text, (size_t)(at - text.data) + size);
    size_t end = slice_find(rest, after);
    return end == rest.size ? (struct slice){NULL, 0} : slice_head(rest, end);
}

static void raise(struct glance *glance, enum ban_asks asks)
{
    glance->asks = asks > glance->asks ? asks : glance->asks;
}

static void look_for_user(struct glance *glance, struct slice user)
{
    if (user.size > 0 &&
        known_set_has(glance->edge->known, user_mark(glance->edge, user, glance->from->address))) {
        raise(glance, BAN_ASKS_KNOWN);
    }
}

static void look_for_route(struct glance *glance, struct slice text)
{
    while (!glance->is_of_a_call && text.size > 0) {
        const char *at = memmem(text.data, text.size, ";dt=", 4);
        uint64_t key;
        enum call_side_name side;
        if (at == NULL) {
            return;
        }
        text = slice_skip(text, (size_t)(at - text.data) + 4);
        glance->is_of_a_call =
            token_route_read_value(glance->edge, slice_head(text, 33), &key, &side);
    }
}

static void look_at_line(struct glance *glance, struct slice line, bool is_response)
{
    uint64_t key;
    struct slice value = header_value(line, "Via", "v");
    if (value.size > 0) {
        const char *at = memmem(value.data, value.size, "branch=z9hG4bKdt", 16);
        if (is_response && at != NULL) {
            struct slice branch = slice_skip(value, (size_t)(at - value.data) + 7);
            size_t size = strcspn(branch.data, ";, \r\n"); /* the line's end is one of them */
            glance->is_of_a_call |= token_branch_key(glance->edge, slice_head(branch, size), &key);
        }
        return;
    }
    value = header_value(line, "From", "f");
    if (value.size > 0) {
        struct slice user = between(value, "sip:", '@');
        look_for_user(glance, slice_head(user, slice_find(user, ':')));
        return;
    }
    value = header_value(line, "Route", NULL);
    if (value.size > 0) {
        look_for_route(glance, value);
        return;
    }
    value = header_value(line, "Authorization", NULL);
    if (value.size == 0) {
        value = header_value(line, "Proxy-Authorization", NULL);
    }
    if (value.size > 0) {
        const struct edge_settings *settings = &glance->edge->settings;
        struct slice credentials = slice_trim(value);
        look_for_user(glance, sip_glance_credential(credentials, SLICE("username")));
        if (digest_nonce_is_good(sip_glance_credential(credentials, SLICE("nonce")),
                                 &settings->nonce_keys, glance->wall_s, settings->nonce_age_s)) {
            raise(glance, BAN_ASKS_CREDENTIALS);
        }
    }
}

static void look_at_start(struct glance *glance, struct slice line)
{
    look_for_route(glance, line); /* a strict router's Request-URI */
    if (edge_is_emergency_start(glance->edge, line)) {
        raise(glance, BAN_ASKS_EMERGENCY);
    }
}

static void look(struct glance *glance, struct slice bytes)
{
    char copy[LOOK_SIZE_MAX + 2]; /* so that text functions find an end */
    bytes = slice_head(bytes, LOOK_SIZE_MAX);
    memcpy(copy, bytes.data, bytes.size);
    copy[bytes.size] = '\n';
    copy[bytes.size + 1] = '\0';
    struct slice rest = slice_make(copy, bytes.size + 1);
    struct slice line = slice_split(&rest, '\n');
    bool is_response = slice_starts_with_nocase(line, SLICE("SIP/2.0 "));
    if (!is_response) {
        look_at_start(glance, line);
    }
    while (rest.size > 0 && !glance->is_of_a_call) {
        line = slice_split(&rest, '\n');
        if (slice_trim(line).size == 0) {
            return;
        }
        look_at_line(glance, line, is_response);
    }
}

bool edge_is_unwanted(struct edge_worker *worker, struct slice bytes, const struct reg_flow *from,
                      const struct edge_time *now)
{
    struct edge *edge = worker->edge;
    if (edge->bans == NULL || !ban_holds(edge->bans, from->address, ban_time(now)) ||
        !atomic_load_explicit(&edge->is_known_loaded, memory_order_relaxed) ||
        edge_allows_place(edge, from->address) ||
        known_set_has(edge->known, flow_mark(edge, from))) {
        return false;
    }
    struct glance glance = {.edge = edge, .from = from, .wall_s = now->wall_us / 1000000};
    look(&glance, bytes);
    if (glance.is_of_a_call || ban_door(edge->bans, from->address, glance.asks, ban_time(now))) {
        return false;
    }
    worker_count(worker, EDGE_BANNED);
    return true;
}

/* ---- evidence ---- */

void edge_ban_event(const struct edge *edge, const struct edge_shell *shell, const char *kind,
                    const struct ban *ban, int64_t wall_us)
{
    char text[512];
    struct buf json;
    buf_init(&json, text, sizeof(text));
    buf_char(&json, '{');
    buf_json_i64(&json, "wall_us", wall_us);
    char source[64];
    struct buf out;
    buf_init(&out, source, sizeof(source));
    ban_source_write(&out, ban->source);
    buf_json_text(&json, "source", buf_done(&out));
    buf_json_text(&json, "reason", slice_from_text(ban->reason));
    buf_json_text(&json, "actor", slice_from_text(ban->actor));
    buf_json_i64(&json, "wall_since_us", ban->wall_since_us);
    buf_json_i64(&json, "wall_until_us", ban->wall_until_us);
    buf_json_i64(&json, "dropped", (int64_t)ban->dropped_count);
    /* A packet filter knows nothing of flows: it must leave such a place alone. */
    buf_json_i64(&json, "has_customers", edge_knows_place(edge, ban->source) ? 1 : 0);
    buf_char(&json, '}');
    shell->event(shell->ctx, kind, buf_done(&json));
}

void edge_ban_record(struct edge *edge, const struct ban *ban)
{
    char record[256];
    struct buf out;
    buf_init(&out, record, sizeof(record));
    ban_encode(&out, ban);
    if (!out.is_full) {
        edge->journal.append(edge->journal.ctx, JOURNAL_BAN, buf_done(&out));
    }
}

static bool is_marked(const struct sip_msg *msg)
{
    static const char *const marks[] = {"friendly-scanner", "sipvicious", "sundayddr",    "sipcli",
                                        "pplsip",           "sip-scan",   "siparmyknife", "smap"};
    struct slice agent = slice_head(sip_msg_value(msg, SIP_H_USER_AGENT), 64);
    for (size_t i = 0; agent.size > 0 && i < ARRAY_COUNT(marks); i++) {
        if (memmem(agent.data, agent.size, marks[i], strlen(marks[i])) != NULL) {
            return true;
        }
    }
    return false;
}

static void blame(struct edge_worker *worker, const struct sip_msg *msg,
                  const struct reg_flow *from, enum ban_evidence evidence, uint64_t what)
{
    struct edge *edge = worker->edge;
    struct ban ban;
    enum ban_verdict verdict = ban_blame(edge->bans, from->address, evidence, (uint32_t)what,
                                         is_marked(msg), ban_time(&worker->now), &ban);
    if (verdict == BAN_NOTED) {
        return;
    }
    worker_count(worker, EDGE_BANS);
    edge_ban_record(edge, &ban);
    edge_ban_event(edge, &worker->shell, verdict == BAN_BEGUN ? "ban.begun" : "ban.prolonged", &ban,
                   worker->now.wall_us);
}

/* What is held against a request that was challenged, and taken back when it comes again with the
 * right credentials: the user that it asks as, and whom it asks for. */
static uint64_t what_of(const struct edge *edge, const struct sip_msg *msg)
{
    const struct sip_uri *user = msg->method == SIP_REGISTER ? &msg->to.uri : &msg->from.uri;
    return hash_slice(hash_slice(edge->settings.hash_seed, user->user), msg->uri.user);
}

static bool is_watched(const struct edge_worker *worker, const struct reg_flow *from)
{
    const struct edge *edge = worker->edge;
    return edge->bans != NULL && !edge_allows_place(edge, from->address);
}

void admit_tried(struct edge_worker *worker, const struct sip_msg *msg, const struct reg_flow *from)
{
    struct edge *edge = worker->edge;
    if (!is_watched(worker, from) || known_set_has(edge->known, flow_mark(edge, from))) {
        return;
    }
    const struct sip_uri *uri = msg->method == SIP_REGISTER ? &msg->to.uri : &msg->from.uri;
    struct endpoint endpoint;
    struct tri is_user = directory_endpoint(edge->directory, uri->user, &endpoint);
    blame(worker, msg, from, is_user.is == TRI_ABSENT ? BAN_TRIED_NOBODY : BAN_TRIED_USER,
          what_of(edge, msg));
}

void admit_wrong(struct edge_worker *worker, const struct sip_msg *msg, const struct reg_flow *from,
                 const struct digest_credentials *credentials)
{
    struct edge *edge = worker->edge;
    if (!is_watched(worker, from)) {
        return;
    }
    blame(worker, msg, from, BAN_WRONG,
          hash_slice(edge->settings.hash_seed, credentials->response));
    uint64_t user_hash = hash_slice(edge->settings.hash_seed, credentials->username);
    if (ban_blame_user(edge->bans, user_hash, ban_time(&worker->now))) {
        struct buf json;
        buf_init(&json, worker->event, sizeof(worker->event));
        buf_char(&json, '{');
        buf_json_i64(&json, "wall_us", worker->now.wall_us);
        buf_json_text(&json, "alarm", SLICE("many wrong credentials for one user"));
        buf_json_text(&json, "user", slice_head(credentials->username, 64));
        buf_char(&json, '}');
        worker->shell.event(worker->shell.ctx, "alarm", buf_done(&json));
    }
}

void admit_right(struct edge_worker *worker, const struct sip_msg *msg, const struct reg_flow *from,
                 const struct digest_credentials *credentials)
{
    struct edge *edge = worker->edge;
    struct ban ban;
    if (edge->bans == NULL) {
        return;
    }
    if (msg->method != SIP_REGISTER) { /* a registration is known by its binding */
        edge_know(edge, credentials->username, from);
    }
    bool answers_challenge = credentials->nc <= 1;
    if (answers_challenge && ban_praise(edge->bans, from->address, (uint32_t)what_of(edge, msg),
                                        ban_time(&worker->now), &ban)) {
        edge_ban_record(edge, &ban);
        edge_ban_event(edge, &worker->shell, "ban.over", &ban, worker->now.wall_us);
    }
}

void admit_probe(struct edge_worker *worker, const struct sip_msg *msg, const struct reg_flow *from,
                 enum ban_evidence evidence)
{
    struct edge *edge = worker->edge;
    if (!is_watched(worker, from) || known_set_has(edge->known, flow_mark(edge, from))) {
        return;
    }
    uint64_t what = hash_slice(edge->settings.hash_seed, msg->via.branch);
    blame(worker, msg, from, evidence, hash_slice(what, msg->call_id));
}

bool admit_may_answer_broken(struct edge_worker *worker, const struct reg_flow *from)
{
    struct edge *edge = worker->edge;
    if (edge->bans == NULL || edge_allows_place(edge, from->address) ||
        ban_may_answer_broken(edge->bans, from->address, ban_time(&worker->now))) {
        return true;
    }
    worker_count(worker, EDGE_BROKEN_UNANSWERED);
    return false;
}
