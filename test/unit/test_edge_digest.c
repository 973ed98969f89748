/* Attacks on credentials, and what an answer gives away about who there is. */
#include "edge_harness.h"

#include "sip/digest_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define URI "sip:" H_DOMAIN

static struct slice algorithm_of(enum digest_algorithm algorithm)
{
    return algorithm == DIGEST_MD5 ? SLICE("MD5") : SLICE("SHA-256");
}

struct creds { /* NULL or 0: what is right */
    const char *user, *password, *uri, *realm, *qop, *nc, *cnonce, *nonce, *tail;
    enum digest_algorithm algorithm;
    int cut; /* characters taken off the response */
    bool has_no_qop, has_no_cnonce, is_unquoted;
};

static void write_nonce(struct harness *h, char nonce[DIGEST_NONCE_SIZE + 1])
{
    struct buf out;
    buf_init(&out, nonce, DIGEST_NONCE_SIZE);
    digest_nonce_write(h->digest, &out, &h->edge->settings.nonce_keys, h->now.wall_us / H_S,
                       ++h->nonce * 0x9e3779b97f4a7c15u);
    nonce[DIGEST_NONCE_SIZE] = '\0';
}

/* Authorization for a REGISTER, its digest made over what is written (but for `cut`). */
static void write_creds(struct harness *h, const struct creds *c, const char *nonce, char *out,
                        size_t size)
{
    const char *user = c->user != NULL ? c->user : "alice";
    const char *password = c->password != NULL ? c->password : "pw-alice";
    const char *uri = c->uri != NULL ? c->uri : URI;
    const char *realm = c->realm != NULL ? c->realm : H_DOMAIN;
    const char *nc = c->nc != NULL ? c->nc : "00000001";
    const char *qop = c->qop != NULL ? c->qop : "auth";
    const char *cnonce = c->cnonce != NULL ? c->cnonce : "abc";
    struct digest_ha1 ha1;
    struct digest_credentials digest = {.algorithm = c->algorithm,
                                        .username = slice_from_text(user),
                                        .nonce = slice_from_text(nonce),
                                        .uri = slice_from_text(uri),
                                        .cnonce = slice_from_text(cnonce),
                                        .nc_text = slice_from_text(nc),
                                        .has_qop = !c->has_no_qop};
    uint8_t hash[32];
    char text[65] = "";
    size_t hash_size = c->algorithm == DIGEST_MD5 ? 16 : 32;
    digest_ha1_make(h->digest, slice_from_text(user), slice_from_text(realm),
                    slice_from_text(password), &ha1);
    digest_response(h->digest, &digest, c->algorithm == DIGEST_MD5 ? ha1.md5 : ha1.sha256,
                    SLICE("REGISTER"), hash);
    slice_hex(text, hash, hash_size);
    text[2 * hash_size - (size_t)c->cut] = '\0';
    int written =
        snprintf(out, size,
                 "Authorization: Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", "
                 "response=%s%s%s, algorithm=" SLICE_FMT,
                 user, realm, nonce, uri, c->is_unquoted ? "" : "\"", text,
                 c->is_unquoted ? "" : "\"", SLICE_ARG(algorithm_of(c->algorithm)));
    if (!c->has_no_qop) {
        written += snprintf(out + written, size - (size_t)written, ", qop=%s, nc=%s", qop, nc);
    }
    if (!c->has_no_qop && !c->has_no_cnonce) {
        written += snprintf(out + written, size - (size_t)written, ", cnonce=\"%s\"", cnonce);
    }
    snprintf(out + written, size - (size_t)written, "%s\r\n", c->tail != NULL ? c->tail : "");
}

static int ask(struct harness *h, enum h_who who, const char *user, const char *lines)
{
    static uint32_t number;
    char to[64];
    char call_id[32];
    snprintf(to, sizeof(to), "<sip:%s@" H_DOMAIN ">", user);
    snprintf(call_id, sizeof(call_id), "d%u", ++number);
    struct h_request request = {.method = "REGISTER",
                                .uri = URI,
                                .to = to,
                                .from_user = user,
                                .call_id = call_id,
                                .extra = lines};
    h_ask(h, who, &request);
    assert_true(h_take(h, who));
    return h->msg.status;
}

static bool says_stale(const struct harness *h)
{
    struct slice value = sip_msg_value(&h->msg, SIP_H_WWW_AUTHENTICATE);
    return value.size > 0 && memmem(value.data, value.size, "stale=true", 10) != NULL;
}

static int try_creds(struct harness *h, const struct creds *creds, const char *nonce)
{
    char lines[1024];
    write_creds(h, creds, nonce, lines, sizeof(lines));
    return ask(h, ALICE, "alice", lines);
}

static void credentials_are_taken_as_they_should_be_and_not_otherwise(void **state)
{
    (void)state;
    static const struct {
        struct creds creds;
        int status;
    } table[] = {
        {{0}, 200},
        {{.algorithm = DIGEST_SHA256}, 200},
        {{.uri = "sip:10.1.0.1:5060"}, 200}, /* an address of ours alone: SIPp */
        {{.has_no_qop = true}, 200},
        {{.is_unquoted = true}, 200},
        {{.qop = "\"auth\""}, 200},
        {{.nc = "ffffffff"}, 200},
        {{.tail = ", nonsense=\"x\", opaque=\"\""}, 200},
        {{.password = "pw-alicf"}, 401},
        {{.user = "nobody"}, 401},
        {{.user = "ALICE"}, 401},
        {{.uri = "sip:elsewhere.example"}, 401},
        {{.uri = "sip:bob@" H_DOMAIN}, 401},
        {{.uri = ""}, 401},
        {{.realm = "elsewhere"}, 401},
        {{.realm = "EXAMPLE.COM"}, 401},
        {{.qop = "auth-int"}, 400},
        {{.qop = "\"auth,auth-int\""}, 400},
        {{.has_no_cnonce = true}, 400},
        {{.cnonce = ""}, 400},
        {{.nc = "1"}, 400},
        {{.nc = "000000001"}, 400},
        {{.nc = "0000000g"}, 400},
        {{.nc = "00000000"}, 401}, /* counts from 1 */
        {{.cut = 1}, 400},
        {{.cut = 32}, 400},
        {{.cut = 1, .algorithm = DIGEST_SHA256}, 400},
        {{.tail = ", username=\"bob\""}, 400},
        {{.tail = ", RESPONSE=\"00\""}, 400},
        {{.tail = ", x=\"unterminated"}, 400},
    };
    struct harness *h = h_new();
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        char nonce[DIGEST_NONCE_SIZE + 1];
        write_nonce(h, nonce);
        int status = try_creds(h, &table[i].creds, nonce);
        if (status != table[i].status) {
            fail_msg("row %d: %d, not %d", (int)i, status, table[i].status);
        }
    }
    h_free(h);
}

static void a_count_is_good_once_from_any_flow(void **state)
{
    (void)state;
    static const struct {
        const char *nc;
        int status;
    } table[] = {
        {"00000001", 200}, {"00000001", 401}, {"00000002", 200}, {"00000100", 200},
        {"000000fe", 200}, {"000000fe", 401}, {"00000003", 401}, /* below the last 64 */
        {"ffffffff", 200}, {"00000101", 401},
    };
    struct harness *h = h_new();
    char nonce[DIGEST_NONCE_SIZE + 1];
    char lines[1024];
    write_nonce(h, nonce);
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        struct creds creds = {.nc = table[i].nc};
        int status = try_creds(h, &creds, nonce);
        if (status != table[i].status) {
            fail_msg("row %d: %d, not %d", (int)i, status, table[i].status);
        }
        assert_int_equal(says_stale(h), status == 401);
    }
    /* What was heard on the wire is played back from elsewhere. */
    write_nonce(h, nonce);
    for (int has_no_qop = 0; has_no_qop < 2; has_no_qop++) {
        struct creds creds = {.has_no_qop = has_no_qop != 0};
        write_nonce(h, nonce);
        write_creds(h, &creds, nonce, lines, sizeof(lines));
        assert_int_equal(ask(h, ALICE, "alice", lines), 200);
        assert_int_equal(ask(h, STRANGER, "alice", lines), 401);
        assert_true(says_stale(h));
    }
    h_free(h);
}

static void an_old_or_a_foreign_nonce_is_stale_and_never_good(void **state)
{
    (void)state;
    struct harness *h = h_new();
    char nonce[DIGEST_NONCE_SIZE + 1];
    struct creds creds = {0};
    write_nonce(h, nonce);
    h_pass(h, 601 * H_S);
    assert_int_equal(try_creds(h, &creds, nonce), 401);
    assert_true(says_stale(h));
    write_nonce(h, nonce);
    nonce[20] = nonce[20] == 'A' ? 'B' : 'A';
    assert_int_equal(try_creds(h, &creds, nonce), 401);
    assert_true(says_stale(h));
    assert_int_equal(try_creds(h, &creds, "0123"), 401);
    h_free(h);
}

static void credentials_of_one_register_nobody_else(void **state)
{
    (void)state;
    struct harness *h = h_new();
    char nonce[DIGEST_NONCE_SIZE + 1];
    char lines[1024];
    struct creds creds = {0};
    write_nonce(h, nonce);
    write_creds(h, &creds, nonce, lines, sizeof(lines));
    assert_int_equal(ask(h, ALICE, "bob", lines), 403);
    /* Another user's nonce is as good as one's own: what counts is the password. */
    write_creds(h, &(struct creds){.user = "bob", .password = "pw-bob"}, nonce, lines,
                sizeof(lines));
    assert_int_equal(ask(h, BOB, "bob", lines), 200);
    h_free(h);
}

static void where_sha_256_alone_is_offered_md5_opens_nothing(void **state)
{
    (void)state;
    static const struct {
        enum digest_offer offer;
        const char *first;
        int lines, md5, sha256;
    } table[] = {
        {DIGEST_OFFER_MD5_FIRST, "algorithm=MD5", 2, 200, 200},
        {DIGEST_OFFER_SHA256_FIRST, "algorithm=SHA-256", 2, 200, 200},
        {DIGEST_OFFER_MD5, "algorithm=MD5", 1, 200, 200},
        {DIGEST_OFFER_SHA256, "algorithm=SHA-256", 1, 401, 200},
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        struct harness *h = h_new();
        char nonce[DIGEST_NONCE_SIZE + 1];
        h->edge->settings.digest_offer = table[i].offer;
        assert_int_equal(ask(h, ALICE, "alice", NULL), 401);
        int header = h->msg.first[SIP_H_WWW_AUTHENTICATE];
        struct slice value = h->msg.headers[header].value;
        assert_non_null(memmem(value.data, value.size, table[i].first, strlen(table[i].first)));
        assert_int_equal(sip_msg_next(&h->msg, header) >= 0 ? 2 : 1, table[i].lines);
        write_nonce(h, nonce);
        assert_int_equal(try_creds(h, &(struct creds){0}, nonce), table[i].md5);
        write_nonce(h, nonce);
        assert_int_equal(try_creds(h, &(struct creds){.algorithm = DIGEST_SHA256}, nonce),
                         table[i].sha256);
        h_free(h);
    }
}

static void an_endpoint_that_needs_sha_256_gets_in_by_it_alone(void **state)
{
    (void)state;
    struct harness *h = h_new();
    struct endpoint alice;
    char nonce[DIGEST_NONCE_SIZE + 1];
    assert_int_equal(directory_endpoint(h->edge->directory, SLICE("alice"), &alice).is,
                     TRI_PRESENT);
    alice.digest = ENDPOINT_DIGEST_SHA256;
    alice.version++;
    assert_true(directory_put_endpoint(h->edge->directory, &alice));
    assert_int_equal(ask(h, ALICE, "alice", NULL), 401); /* as for everybody: both lines */
    assert_true(sip_msg_next(&h->msg, h->msg.first[SIP_H_WWW_AUTHENTICATE]) >= 0);
    for (int is_wrong = 0; is_wrong < 2; is_wrong++) {
        write_nonce(h, nonce);
        assert_int_equal(
            try_creds(h, &(struct creds){.password = is_wrong ? "wrong" : NULL}, nonce), 401);
        /* Who knows the password is told by which digest; who does not is told nothing. */
        int first = h->msg.first[SIP_H_WWW_AUTHENTICATE];
        assert_int_equal(sip_msg_next(&h->msg, first) >= 0, is_wrong);
        struct slice value = h->msg.headers[first].value;
        assert_int_equal(memmem(value.data, value.size, "SHA-256", 7) != NULL, !is_wrong);
    }
    write_nonce(h, nonce);
    assert_int_equal(try_creds(h, &(struct creds){.algorithm = DIGEST_SHA256}, nonce), 200);
    h_free(h);
}

/* The answer with what differs by chance or by the question made alike: nonces, tags, the user. */
static size_t blur(const struct harness *h, const char *user, char *out)
{
    size_t size = h->msg.raw.size;
    memcpy(out, h->msg.raw.data, size);
    for (size_t i = 0; i + 8 < size; i++) {
        if (memcmp(out + i, "nonce=\"", 7) == 0) {
            memset(out + i + 7, 'N', DIGEST_NONCE_SIZE);
        } else if (memcmp(out + i, "tag=dt", 6) == 0) {
            memset(out + i + 6, 'T', 16);
        } else if (memcmp(out + i, user, strlen(user)) == 0) {
            memset(out + i, 'U', strlen(user));
        }
    }
    return size;
}

static void who_there_is_and_who_not_get_the_same_answer(void **state)
{
    (void)state;
    static const char *const methods[] = {"REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE", "MESSAGE"};
    static char answers[2][4096];
    for (size_t i = 0; i < ARRAY_COUNT(methods); i++) {
        for (int kind = 0; kind < 3; kind++) { /* no credentials, wrong ones, as target */
            size_t sizes[2];
            for (int is_absent = 0; is_absent < 2; is_absent++) {
                struct harness *h = h_new();
                const char *user = is_absent ? "nosuc" : "alice";
                bool is_register = i == 0;
                char uri[64];
                char to[80];
                char nonce[DIGEST_NONCE_SIZE + 1];
                char lines[1024];
                write_nonce(h, nonce);
                write_creds(h, &(struct creds){.user = user, .password = "wrong"}, nonce, lines,
                            sizeof(lines));
                char proxy[1040];
                snprintf(proxy, sizeof(proxy), "%s%s", is_register ? "" : "Proxy-", lines);
                snprintf(uri, sizeof(uri), "sip:%s@" H_DOMAIN, user);
                snprintf(to, sizeof(to), "<%s>", uri);
                struct h_request request = {.method = methods[i],
                                            .uri = is_register ? URI : uri,
                                            .to = to,
                                            .from_user = kind == 2 ? "someb" : user,
                                            .from_tag = "x",
                                            .branch = "z9hG4bKsame",
                                            .extra = kind == 1 ? proxy : NULL};
                h_ask(h, STRANGER, &request);
                assert_true(h_take(h, STRANGER));
                assert_true(h->msg.raw.size < sizeof(answers[0]));
                sizes[is_absent] = blur(h, user, answers[is_absent]);
                h_free(h);
            }
            assert_int_equal(sizes[0], sizes[1]);
            if (memcmp(answers[0], answers[1], sizes[0]) != 0) {
                fail_msg("%s, kind %d:\n%.*s\n%.*s", methods[i], kind, (int)sizes[0], answers[0],
                         (int)sizes[1], answers[1]);
            }
        }
    }
}

/* The work: as much is hashed either way. */
static void a_user_who_is_not_there_costs_the_same_hashes(void **state)
{
    (void)state;
    for (int algorithm = DIGEST_MD5; algorithm <= DIGEST_SHA256; algorithm++) {
        uint64_t counts[2];
        for (int is_absent = 0; is_absent < 2; is_absent++) {
            struct harness *h = h_new();
            char nonce[DIGEST_NONCE_SIZE + 1];
            char lines[1024];
            struct creds creds = {.user = is_absent ? "nosuc" : "alice",
                                  .password = "wrong",
                                  .algorithm = (enum digest_algorithm)algorithm};
            write_nonce(h, nonce);
            write_creds(h, &creds, nonce, lines, sizeof(lines));
            uint64_t before = digest_hashed_size(h->worker->digest);
            assert_int_equal(ask(h, STRANGER, creds.user, lines), 401);
            counts[is_absent] = digest_hashed_size(h->worker->digest) - before;
            h_free(h);
        }
        assert_true(counts[0] > 0);
        assert_int_equal(counts[0], counts[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(credentials_are_taken_as_they_should_be_and_not_otherwise),
        cmocka_unit_test(a_count_is_good_once_from_any_flow),
        cmocka_unit_test(an_old_or_a_foreign_nonce_is_stale_and_never_good),
        cmocka_unit_test(credentials_of_one_register_nobody_else),
        cmocka_unit_test(where_sha_256_alone_is_offered_md5_opens_nothing),
        cmocka_unit_test(an_endpoint_that_needs_sha_256_gets_in_by_it_alone),
        cmocka_unit_test(who_there_is_and_who_not_get_the_same_answer),
        cmocka_unit_test(a_user_who_is_not_there_costs_the_same_hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
