#include "edge/worker.h"

#include <string.h>

static const struct refusal unknown_state = {
    .status = 503,
    .token = "state-unknown",
    .why = "the configuration is not loaded yet",
    .retry_after_s = 5,
};

/* baresip before 3.12 (Debian's is 1.0) gives up when any line of the challenge names another
 * algorithm than MD5, instead of passing over it as RFC 7235 4.1 says. */
static bool gives_up_on_sha256(const struct sip_msg *msg)
{
    static const char name[] = "baresip v";
    struct slice agent = sip_msg_value(msg, SIP_H_USER_AGENT);
    size_t size = sizeof(name) - 1;
    return agent.size > size + 1 && memcmp(agent.data, name, size) == 0 &&
           agent.data[size] >= '0' && agent.data[size] <= '3' && agent.data[size + 1] == '.';
}

static void challenge_by(struct edge_worker *worker, const struct sip_msg *msg,
                         const struct reg_flow *from, bool is_register, bool is_stale,
                         enum digest_offer offer)
{
    char lines[1024];
    struct buf buf;
    buf_init(&buf, lines, sizeof(lines));
    const struct edge_settings *settings = &worker->edge->settings;
    digest_challenge_write(worker->digest, &buf, !is_register, slice_from_text(settings->domain),
                           &settings->nonce_keys, worker->now.wall_us / 1000000,
                           rng_u64(&worker->rng), is_stale, offer);
    worker_count(worker, EDGE_CHALLENGES);
    reply_why(worker, msg, from, is_register ? 401 : 407, NULL, "credentials-needed",
              buf_done(&buf));
}

/* The same for all users, whatever their digest may be: it must not tell which there are. */
static void challenge(struct edge_worker *worker, const struct sip_msg *msg,
                      const struct reg_flow *from, bool is_register, bool is_stale)
{
    enum digest_offer offer = worker->edge->settings.digest_offer;
    bool is_md5_alone = offer != DIGEST_OFFER_SHA256 && gives_up_on_sha256(msg);
    challenge_by(worker, msg, from, is_register, is_stale, is_md5_alone ? DIGEST_OFFER_MD5 : offer);
}

/* May these credentials be used with this request? The digest covers the URI that the client names;
 * it must be the one that is asked for, or a captured answer could be moved to another request.
 * Some clients (SIPp) name our address alone, whatever they ask for: nobody else can have asked
 * them for that, and the nonce's count is good for one request. */
static bool is_uri_meant(const struct edge *edge, const struct sip_msg *msg, struct slice uri_text)
{
    struct sip_uri uri;
    if (slice_equal(uri_text, msg->uri_text)) {
        return true;
    }
    if (!sip_uri_parse(uri_text, &uri)) {
        return false;
    }
    if (uri.user.size == 0 && is_own_uri(edge, &uri)) {
        return true;
    }
    return slice_equal(uri.user, msg->uri.user) && slice_equal_nocase(uri.host, msg->uri.host);
}

static bool check_digest(struct edge_worker *worker, const struct sip_msg *msg,
                         const struct reg_flow *from, bool is_register,
                         const struct digest_credentials *credentials, struct caller *out)
{
    const struct edge_settings *settings = &worker->edge->settings;
    char user[ENDPOINT_USER_SIZE];
    struct tri known = {TRI_ABSENT};
    if (slice_copy_text(credentials->username, user, sizeof(user))) {
        known = directory_endpoint(worker->edge->directory, credentials->username, &out->endpoint);
    }
    struct digest_ha1 ha1;
    const struct digest_ha1 *known_ha1 = NULL;
    switch (known.is) {
    case TRI_UNKNOWN:
        refuse_stateless(worker, msg, from, &unknown_state);
        return false;
    case TRI_PRESENT:
        memcpy(ha1.md5, out->endpoint.ha1_md5, sizeof(ha1.md5));
        memcpy(ha1.sha256, out->endpoint.ha1_sha256, sizeof(ha1.sha256));
        known_ha1 = &ha1;
        break;
    case TRI_ABSENT: /* the same work and the same answer as for a wrong password */
        break;
    }
    enum digest_verdict verdict = digest_verify(
        worker->digest, credentials, known_ha1, msg->method_text, &settings->nonce_keys,
        worker->now.wall_us / 1000000, settings->nonce_age_s, NULL);
    if (verdict == DIGEST_OK && !is_uri_meant(worker->edge, msg, credentials->uri)) {
        verdict = DIGEST_WRONG;
    }
    bool must_be_sha256 = settings->digest_offer == DIGEST_OFFER_SHA256 ||
                          out->endpoint.digest == ENDPOINT_DIGEST_SHA256;
    if (verdict == DIGEST_OK && must_be_sha256 && credentials->algorithm != DIGEST_SHA256) {
        /* A downgrade, but no guess: who knows the password may know that there is the user. */
        worker_count(worker, EDGE_AUTH_FAILED);
        challenge_by(worker, msg, from, is_register, false, DIGEST_OFFER_SHA256);
        return false;
    }
    switch (verdict) {
    case DIGEST_OK:
        break;
    case DIGEST_STALE:
        worker_count(worker, EDGE_STALE);
        challenge(worker, msg, from, is_register, true);
        return false;
    case DIGEST_MALFORMED:
        reply_why(worker, msg, from, 400, "Bad Credentials", "bad-credentials",
                  (struct slice){NULL, 0});
        return false;
    case DIGEST_MISSING:
    case DIGEST_WRONG:
        worker_count(worker, EDGE_AUTH_FAILED);
        admit_wrong(worker, msg, from, credentials);
        challenge(worker, msg, from, is_register, false);
        return false;
    }
    memcpy(out->user, user, sizeof(user));
    uint32_t nonce_hash = (uint32_t)hash_slice(settings->hash_seed, credentials->nonce) | 1;
    struct reg_now now = {worker->now.mono_us, worker->now.wall_us};
    /* Without qop there is no count: the nonce is good once, as if it were the first. */
    if (!registrar_nc_take(worker->edge->registrar, credentials->username, nonce_hash,
                           credentials->nc, !is_register, now)) {
        if (is_register &&
            registrar_is_repeat(worker->edge->registrar, credentials->username, msg)) {
            return true; /* its original used the nc up */
        }
        worker_count(worker, EDGE_STALE);
        challenge(worker, msg, from, is_register, true);
        return false;
    }
    /* Not before: what somebody heard and sends again makes nobody a customer. */
    admit_right(worker, msg, from, credentials);
    if (out->endpoint.is_disabled && !is_emergency_call(worker->edge, msg)) {
        struct refusal refusal = {
            .status = 403, .token = "endpoint-disabled", .version = out->endpoint.version};
        worker_count(worker, EDGE_REFUSED_STATE);
        refuse_stateless(worker, msg, from, &refusal);
        return false;
    }
    return true;
}

/* Known before anything else, because nothing but a lack of credentials may refuse it. */
bool is_emergency_uri(const struct edge *edge, const struct sip_uri *uri)
{
    char user[ENDPOINT_USER_SIZE];
    if (!sip_uri_user(uri, user, sizeof(user))) {
        return false;
    }
    const struct route_settings *routing = &edge->settings.routing;
    for (int i = 0; i < routing->emergency_count; i++) {
        if (strcmp(user, routing->emergency[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool is_emergency_call(const struct edge *edge, const struct sip_msg *msg)
{
    return msg->method == SIP_INVITE && is_emergency_uri(edge, &msg->uri);
}

bool trust_caller(struct edge_worker *worker, const struct sip_msg *msg,
                  const struct reg_flow *from, bool is_register, struct caller *out)
{
    struct digest_credentials credentials;
    memset(out, 0, sizeof(*out));
    struct slice realm = slice_from_text(worker->edge->settings.domain);
    enum digest_verdict found = digest_credentials_find(msg, !is_register, realm, &credentials);
    if (found == DIGEST_MALFORMED) {
        reply_why(worker, msg, from, 400, "Bad Credentials", "bad-credentials",
                  (struct slice){NULL, 0});
        return false;
    }
    if (found == DIGEST_OK) {
        return check_digest(worker, msg, from, is_register, &credentials, out);
    }
    if (!is_register) {
        const struct trunk *trunk = NULL;
        struct tri is_trunk =
            directory_trunk_by_source(worker->edge->directory, from->address, &trunk);
        switch (is_trunk.is) {
        case TRI_PRESENT:
            if (!trunk->is_disabled) {
                out->is_trunk = true;
                out->trunk = trunk;
                return true;
            }
            break;
        case TRI_UNKNOWN:
            refuse_stateless(worker, msg, from, &unknown_state);
            return false;
        case TRI_ABSENT:
            break;
        }
    }
    admit_tried(worker, msg, from);
    challenge(worker, msg, from, is_register, false);
    return false;
}

static bool is_identity_of(const struct endpoint *endpoint, struct slice user)
{
    if (slice_equal(user, slice_from_text(endpoint->user))) {
        return true;
    }
    struct slice digits = user;
    if (digits.size > 0 && digits.data[0] == '+') {
        digits = slice_skip(digits, 1);
    }
    for (int i = 0; i < endpoint->identity_count; i++) {
        if (slice_equal(digits, slice_from_text(endpoint->identities[i]))) {
            return true;
        }
    }
    return false;
}

/* An endpoint may only speak as itself: in From, and in P-Asserted- and P-Preferred-Identity where
 * it sends them. `identity` gets the number to present to a trunk ("" if it has none). */
bool trust_identity(const struct sip_msg *msg, const struct caller *caller, const struct edge *edge,
                    char identity[NUMBER_SIZE])
{
    identity[0] = '\0';
    if (caller->is_trunk) {
        return true;
    }
    const struct endpoint *endpoint = &caller->endpoint;
    if (endpoint->identity_count > 0) {
        memcpy(identity, endpoint->identities[0], NUMBER_SIZE);
    }
    char user[ENDPOINT_USER_SIZE];
    bool is_anonymous = slice_equal_nocase(msg->from.uri.host, SLICE("anonymous.invalid"));
    if (!is_anonymous) {
        if (!is_own_uri(edge, &msg->from.uri) && msg->from.uri.scheme != SIP_SCHEME_TEL) {
            return false;
        }
        if (!sip_uri_user(&msg->from.uri, user, sizeof(user)) ||
            !is_identity_of(endpoint, slice_from_text(user))) {
            return false;
        }
        struct slice digits = slice_from_text(user);
        if (digits.size > 0 && digits.data[0] == '+') {
            digits = slice_skip(digits, 1);
        }
        if (!slice_equal(digits, slice_from_text(endpoint->user)) &&
            !slice_copy_text(digits, identity, NUMBER_SIZE)) {
            return false;
        }
    }
    static const enum sip_header_id ids[] = {SIP_H_P_ASSERTED_IDENTITY, SIP_H_P_PREFERRED_IDENTITY};
    for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
        int header = msg->first[ids[i]];
        struct slice rest = {NULL, 0};
        struct slice value;
        while (sip_msg_list_next(msg, &header, &rest, &value)) {
            struct sip_address address;
            if (!sip_address_parse(value, &address) ||
                !sip_uri_user(&address.uri, user, sizeof(user)) ||
                !is_identity_of(endpoint, slice_from_text(user))) {
                return false;
            }
        }
    }
    return true;
}
