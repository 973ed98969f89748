#include "sip/digest.h"
#include "sip/digest_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define NOW_S INT64_C(1790000000)
#define MAX_AGE_S INT64_C(300)
#define REALM "example.com"

static struct digest_context *context;
static struct digest_keys keys;
static struct digest_ha1 ha1;
static struct sip_msg msg;
static char block[4096];

static int setup(void **state)
{
    (void)state;
    context = digest_context_new();
    assert_non_null(context);
    keys.key_id = 0;
    for (uint8_t i = 0; i < DIGEST_KEY_SIZE; i++) {
        keys.current[i] = i;
        keys.previous[i] = (uint8_t)(100 + i);
    }
    digest_ha1_make(context, SLICE("alice"), SLICE(REALM), SLICE("secret"), &ha1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    digest_context_free(context);
    digest_context_free(NULL);
    return 0;
}

/* A request that carries this Authorization value. */
static void request_make(const char *value)
{
    int size =
        snprintf(block, sizeof block,
                 "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: sip:a@b;tag=1\r\n"
                 "To: sip:a@b\r\nCall-ID: x\r\nCSeq: 1 REGISTER\r\n%s%s\r\n\r\n",
                 value[0] != '\0' ? "Authorization: " : "X: ", value);
    assert_int_equal(sip_msg_parse(slice_make(block, (size_t)size), &msg), SIP_OK);
}

static enum digest_verdict verify(const char *value, const char *realm, struct slice method,
                                  const struct digest_ha1 *known)
{
    struct digest_credentials credentials;
    struct digest_window window = {0};
    request_make(value);
    enum digest_verdict verdict =
        digest_credentials_find(&msg, false, slice_from_text(realm), &credentials);
    if (verdict != DIGEST_OK) {
        return verdict;
    }
    return digest_verify(context, &credentials, known, method, &keys, NOW_S, MAX_AGE_S, &window);
}

/* The nonces of the RFCs are not ours: STALE says that the response was right. */
static void responses_of_the_rfcs_are_right(void **state)
{
    (void)state;
    struct digest_ha1 mufasa;
    digest_ha1_make(context, SLICE("Mufasa"), SLICE("testrealm@host.com"), SLICE("Circle Of Life"),
                    &mufasa);
    const char *rfc_2617 =
        "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", "
        "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", qop=auth, "
        "nc=00000001, cnonce=\"0a4f113b\", response=\"6629fae49393a05397450978507c4ef1\", "
        "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    assert_int_equal(verify(rfc_2617, "testrealm@host.com", SLICE("GET"), &mufasa), DIGEST_STALE);
    assert_int_equal(verify(rfc_2617, "testrealm@host.com", SLICE("PUT"), &mufasa), DIGEST_WRONG);
    assert_int_equal(verify(rfc_2617, "testrealm@host.com", SLICE("GET"), &ha1), DIGEST_WRONG);
    const char *rfc_2069 = /* RFC 2069 as corrected in its errata: no qop */
        "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", "
        "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", "
        "response=\"670fd8c2df070c60b045671b8b24ff02\"";
    assert_int_equal(verify(rfc_2069, "testrealm@host.com", SLICE("GET"), &mufasa), DIGEST_STALE);

    digest_ha1_make(context, SLICE("Mufasa"), SLICE("http-auth@example.org"),
                    SLICE("Circle of Life"), &mufasa);
#define RFC_7616                                                                                   \
    "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", "       \
    "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, "                        \
    "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, "
    const char *md5 = RFC_7616 "algorithm=MD5, response=\"8ca523f5e9506fed4657c9700eebdbec\"";
    const char *sha256 = RFC_7616 "algorithm=SHA-256, response="
                                  "\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb"
                                  "6c1\"";
    assert_int_equal(verify(md5, "http-auth@example.org", SLICE("GET"), &mufasa), DIGEST_STALE);
    assert_int_equal(verify(sha256, "http-auth@example.org", SLICE("GET"), &mufasa), DIGEST_STALE);
}

static void siphash_gives_the_values_of_its_authors(void **state)
{
    (void)state;
    uint8_t data[15];
    for (uint8_t i = 0; i < sizeof data; i++) {
        data[i] = i;
    }
    assert_true(digest_mac64(keys.current, data, 0) == UINT64_C(0x726fdb47dd0e0e31));
    assert_true(digest_mac64(keys.current, data, 15) == UINT64_C(0xa129ca6149be45e5));
    assert_true(digest_mac64(keys.previous, data, 15) != UINT64_C(0xa129ca6149be45e5));
}

static void the_mac_of_two_words_is_that_of_their_bytes(void **state)
{
    (void)state;
    const uint64_t words[] = {UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210)};
    assert_true(digest_mac64_pair(keys.current, words[0], words[1]) ==
                digest_mac64(keys.current, words, sizeof words));
    assert_true(digest_mac64_pair(keys.current, words[1], words[0]) !=
                digest_mac64_pair(keys.current, words[0], words[1]));
}

#define GOOD                                                                                       \
    "username=\"a\", realm=\"" REALM "\", nonce=\"n\", uri=\"sip:x\", "                            \
    "response=\"0123456789abcdef0123456789abcdef\""

static void credentials_are_found_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        enum digest_verdict verdict;
    } rows[] = {
        {"", DIGEST_MISSING},
        {"Basic YTpi", DIGEST_MISSING},
        {"NoOneKnowsThisScheme opaque-data=here", DIGEST_MISSING},
        {"DigestX " GOOD, DIGEST_MISSING},
        {"Digest " GOOD, DIGEST_OK},
        {"digest\t" GOOD ", algorithm=md5", DIGEST_OK},
        {"Digest " GOOD ",qop=auth,nc=0000000A,cnonce=\"c\"", DIGEST_OK},
        {"Digest " GOOD ", qop=\"auth\", nc=00000001, cnonce=\"c\", opaque=\"\"", DIGEST_OK},
        {"Digest " GOOD ", algorithm=MD5-sess", DIGEST_MISSING},
        {"Digest " GOOD ", algorithm=SHA-256", DIGEST_MALFORMED}, /* response too short */
        {"Digest " GOOD ", qop=auth-int, nc=00000001, cnonce=\"c\"", DIGEST_MALFORMED},
        {"Digest " GOOD ", qop=auth, nc=1, cnonce=\"c\"", DIGEST_MALFORMED},
        {"Digest " GOOD ", qop=auth, nc=0000000g, cnonce=\"c\"", DIGEST_MALFORMED},
        {"Digest " GOOD ", qop=auth, nc=00000001", DIGEST_MALFORMED},
        {"Digest " GOOD ", qop=auth, cnonce=\"c\"", DIGEST_MALFORMED},
        {"Digest " GOOD ", username=\"b\"", DIGEST_MALFORMED},
        {"Digest " GOOD ", x", DIGEST_MALFORMED},
        {"Digest " GOOD " y=z", DIGEST_MALFORMED},
        {"Digest " GOOD ", x=\"open", DIGEST_MALFORMED},
        {"Digest realm=\"" REALM "\"", DIGEST_MALFORMED},
        {"Digest username=\"a\"", DIGEST_MALFORMED},
        {"Digest realm=\"other\", username=\"a\", nonce=\"n\", uri=\"u\", response=\"x\"",
         DIGEST_MISSING},
        {"Digest realm=\"other\"\r\nAuthorization: Digest " GOOD, DIGEST_OK},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct digest_credentials credentials;
        print_message("%s\n", rows[i].value);
        request_make(rows[i].value);
        assert_int_equal(digest_credentials_find(&msg, false, SLICE(REALM), &credentials),
                         rows[i].verdict);
        if (rows[i].verdict == DIGEST_OK) {
            assert_true(slice_equal(credentials.username, SLICE("a")));
        }
        assert_int_equal(digest_credentials_find(&msg, true, SLICE(REALM), &credentials),
                         DIGEST_MISSING);
    }
}

/* Challenge, then the client's answer to it, checked by the server. */
struct exchange {
    char challenge_block[2048], answer_block[4096];
    struct sip_msg challenge, request;
    struct digest_credentials credentials;
};

static void challenge_make(struct exchange *exchange, bool is_proxy, int64_t now_s, uint64_t random,
                           const char *keep_only)
{
    struct buf lines, made;
    char text[1024];
    buf_init(&lines, text, sizeof text);
    digest_challenge_write(context, &lines, is_proxy, SLICE(REALM), &keys, now_s, random, false,
                           DIGEST_OFFER_MD5_FIRST);
    assert_false(lines.is_full);
    buf_init(&made, exchange->challenge_block, sizeof exchange->challenge_block);
    buf_printf(&made,
               "SIP/2.0 %d No\r\nVia: SIP/2.0/UDP h\r\nFrom: sip:a@b;tag=1\r\nTo: sip:a@b\r\n"
               "Call-ID: x\r\nCSeq: 1 REGISTER\r\n",
               is_proxy ? 407 : 401);
    struct slice rest = buf_done(&lines);
    while (rest.size > 0) {
        struct slice line = slice_split(&rest, '\n');
        if (keep_only == NULL || memmem(line.data, line.size, keep_only, strlen(keep_only))) {
            buf_slice(&made, line);
            buf_char(&made, '\n');
        }
    }
    buf_text(&made, "\r\n");
    assert_int_equal(sip_msg_parse(buf_done(&made), &exchange->challenge), SIP_OK);
}

static void answer_make(struct exchange *exchange, const char *password, uint32_t nc)
{
    struct buf made;
    bool is_proxy = exchange->challenge.status == 407;
    buf_init(&made, exchange->answer_block, sizeof exchange->answer_block);
    buf_text(&made, "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n"
                    "From: sip:a@b;tag=1\r\nTo: sip:a@b\r\nCall-ID: x\r\nCSeq: 2 REGISTER\r\n");
    assert_true(digest_answer_write(context, &made, &exchange->challenge, SLICE("alice"),
                                    slice_from_text(password), SLICE("REGISTER"),
                                    SLICE("sip:example.com"), nc, SLICE("0a4f113b")));
    buf_text(&made, "\r\n");
    assert_int_equal(sip_msg_parse(buf_done(&made), &exchange->request), SIP_OK);
    assert_int_equal(
        digest_credentials_find(&exchange->request, is_proxy, SLICE(REALM), &exchange->credentials),
        DIGEST_OK);
}

static enum digest_verdict check(const struct exchange *exchange, int64_t now_s,
                                 struct digest_window *window)
{
    return digest_verify(context, &exchange->credentials, &ha1, SLICE("REGISTER"), &keys, now_s,
                         MAX_AGE_S, window);
}

static struct exchange first, second;

static void a_challenge_is_answered_with_the_strongest_algorithm(void **state)
{
    (void)state;
    static const struct {
        bool is_proxy;
        const char *keep_only;
        enum digest_algorithm algorithm;
    } rows[] = {{false, NULL, DIGEST_SHA256},
                {true, NULL, DIGEST_SHA256},
                {false, "MD5", DIGEST_MD5},
                {true, "SHA-256", DIGEST_SHA256}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct digest_window window = {0};
        challenge_make(&first, rows[i].is_proxy, NOW_S, 5 + i, rows[i].keep_only);
        answer_make(&first, "secret", 1);
        assert_int_equal(first.credentials.algorithm, rows[i].algorithm);
        assert_int_equal(check(&first, NOW_S + 1, &window), DIGEST_OK);
        assert_int_equal(window.nc_high, 1);
        answer_make(&first, "guess", 2);
        assert_int_equal(check(&first, NOW_S + 1, &window), DIGEST_WRONG);
        assert_int_equal(window.nc_high, 1);
    }
    challenge_make(&first, false, NOW_S, 9, "nothing");
    struct buf buf;
    buf_init(&buf, block, sizeof block);
    assert_false(digest_answer_write(context, &buf, &first.challenge, SLICE("a"), SLICE("b"),
                                     SLICE("REGISTER"), SLICE("sip:x"), 1, SLICE("c")));
}

static void a_user_who_is_not_there_is_simply_wrong(void **state)
{
    (void)state;
    struct digest_window window = {0};
    challenge_make(&first, false, NOW_S, 5, NULL);
    answer_make(&first, "secret", 1);
    assert_int_equal(digest_verify(context, &first.credentials, NULL, SLICE("REGISTER"), &keys,
                                   NOW_S, MAX_AGE_S, &window),
                     DIGEST_WRONG);
    assert_int_equal(window.nonce_hash, 0);
}

static void each_count_of_a_nonce_is_good_once(void **state)
{
    (void)state;
    static const struct {
        uint32_t nc;
        enum digest_verdict verdict;
    } rows[] = {{0, DIGEST_STALE}, {3, DIGEST_OK},       {3, DIGEST_STALE}, {1, DIGEST_OK},
                {1, DIGEST_STALE}, {2, DIGEST_OK},       {66, DIGEST_OK},   {3, DIGEST_STALE},
                {4, DIGEST_OK},    {2, DIGEST_STALE},    {5000, DIGEST_OK}, {4936, DIGEST_STALE},
                {4937, DIGEST_OK}, {4937, DIGEST_STALE}, {5001, DIGEST_OK}};
    struct digest_window window = {0};
    challenge_make(&first, false, NOW_S, 5, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        print_message("nc %u\n", rows[i].nc);
        answer_make(&first, "secret", rows[i].nc);
        assert_int_equal(check(&first, NOW_S, &window), rows[i].verdict);
    }
}

static void without_a_window_the_count_is_left_to_the_caller(void **state)
{
    (void)state;
    challenge_make(&first, false, NOW_S, 5, NULL);
    answer_make(&first, "secret", 1);
    assert_int_equal(check(&first, NOW_S, NULL), DIGEST_OK);
    assert_int_equal(check(&first, NOW_S, NULL), DIGEST_OK);
    assert_int_equal(check(&first, NOW_S + MAX_AGE_S + 1, NULL), DIGEST_STALE);
}

static void an_older_nonce_cannot_be_played_back(void **state)
{
    (void)state;
    struct digest_window window = {0};
    challenge_make(&first, false, NOW_S, 5, NULL);
    challenge_make(&second, false, NOW_S + 10, 4, NULL);
    answer_make(&first, "secret", 1);
    answer_make(&second, "secret", 1);
    assert_int_equal(check(&first, NOW_S + 11, &window), DIGEST_OK);
    assert_int_equal(check(&second, NOW_S + 12, &window), DIGEST_OK);
    assert_int_equal(check(&first, NOW_S + 13, &window), DIGEST_STALE);
    assert_int_equal(check(&second, NOW_S + 13, &window), DIGEST_STALE);
    answer_make(&second, "secret", 2);
    assert_int_equal(check(&second, NOW_S + 13, &window), DIGEST_OK);
}

static void of_two_nonces_of_one_second_the_second_cannot_be_followed_by_the_first(void **state)
{
    (void)state;
    struct digest_window window = {0};
    challenge_make(&first, false, NOW_S, UINT64_C(1) << 60, NULL);
    challenge_make(&second, false, NOW_S, UINT64_C(2) << 60, NULL);
    answer_make(&first, "secret", 1);
    answer_make(&second, "secret", 1);
    assert_int_equal(check(&second, NOW_S, &window), DIGEST_OK);
    assert_int_equal(check(&first, NOW_S, &window), DIGEST_STALE);
}

static void a_window_of_long_ago_never_blocks(void **state)
{
    (void)state;
    /* 2^20 seconds: where the time in the window begins again. */
    static const int64_t idle_s[] = {3600, 86400 * 12, (1 << 20) - 1, 1 << 20, 400 * 86400};
    for (size_t i = 0; i < ARRAY_COUNT(idle_s); i++) {
        struct digest_window window = {0};
        challenge_make(&first, false, NOW_S, UINT64_MAX, NULL);
        answer_make(&first, "secret", 1);
        assert_int_equal(check(&first, NOW_S, &window), DIGEST_OK);
        int64_t later_s = NOW_S + idle_s[i];
        enum digest_verdict verdict = DIGEST_STALE;
        for (int attempt = 0; attempt < 3 && verdict == DIGEST_STALE; attempt++) {
            challenge_make(&second, false, later_s + attempt, 1, NULL);
            answer_make(&second, "secret", 1);
            verdict = check(&second, later_s + attempt, &window);
        }
        assert_int_equal(verdict, DIGEST_OK);
    }
}

static void a_nonce_grows_old_and_clocks_may_differ_a_little(void **state)
{
    (void)state;
    static const struct {
        int64_t age_s;
        enum digest_verdict verdict;
    } rows[] = {{0, DIGEST_OK},  {MAX_AGE_S, DIGEST_OK}, {MAX_AGE_S + 1, DIGEST_STALE},
                {-5, DIGEST_OK}, {-6, DIGEST_STALE},     {86400 * 400, DIGEST_STALE}};
    challenge_make(&first, false, NOW_S, 5, NULL);
    answer_make(&first, "secret", 1);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct digest_window window = {0};
        assert_int_equal(check(&first, NOW_S + rows[i].age_s, &window), rows[i].verdict);
    }
}

static void a_nonce_survives_one_change_of_key_but_not_two(void **state)
{
    (void)state;
    struct digest_keys before = keys;
    struct digest_window window = {0};
    challenge_make(&first, false, NOW_S, 5, NULL);
    answer_make(&first, "secret", 1);
    for (int change = 0; change < 2; change++) {
        memcpy(keys.previous, keys.current, sizeof keys.previous);
        memset(keys.current, change + 1, sizeof keys.current);
        keys.key_id++;
        answer_make(&first, "secret", (uint32_t)change + 1);
        enum digest_verdict verdict = check(&first, NOW_S, &window);
        assert_int_equal(verdict, change == 0 ? DIGEST_OK : DIGEST_STALE);
    }
    keys = before;
}

static void a_nonce_changed_in_any_character_is_not_ours(void **state)
{
    (void)state;
    char text[DIGEST_NONCE_SIZE];
    for (size_t i = 0; i < DIGEST_NONCE_SIZE; i++) {
        struct buf buf;
        buf_init(&buf, text, sizeof text);
        digest_nonce_write(context, &buf, &keys, NOW_S, 5);
        assert_int_equal(buf.size, DIGEST_NONCE_SIZE);
        text[i] = text[i] == 'A' ? 'B' : 'A';
        challenge_make(&first, false, NOW_S, 5, "MD5");
        char *place = memmem(first.challenge_block, sizeof first.challenge_block, "nonce=\"", 7);
        assert_non_null(place);
        memcpy(place + 7, text, sizeof text);
        answer_make(&first, "secret", 1);
        struct digest_window window = {0};
        assert_int_equal(check(&first, NOW_S, &window), DIGEST_STALE);
    }
}

static void a_challenge_is_spelled_for_everybody(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, block, sizeof block);
    digest_challenge_write(context, &buf, true, SLICE("a\"b"), &keys, NOW_S, 5, true,
                           DIGEST_OFFER_MD5_FIRST);
    buf_char(&buf, '\0');
    assert_non_null(strstr(block, "Proxy-Authenticate: Digest realm=\"a\\\"b\", nonce=\""));
    const char *strong = strstr(block, "algorithm=SHA-256, qop=\"auth\", stale=true\r\n");
    const char *weak = strstr(block, "algorithm=MD5, qop=\"auth\", stale=true\r\n");
    assert_non_null(strong);
    assert_non_null(weak);
    assert_true(weak < strong); /* clients that know only MD5 may read the first line only */
    buf_init(&buf, block, sizeof block);
    digest_challenge_write(context, &buf, true, SLICE("a"), &keys, NOW_S, 5, false,
                           DIGEST_OFFER_MD5);
    buf_char(&buf, '\0');
    assert_non_null(strstr(block, "algorithm=MD5, qop=\"auth\"\r\n"));
    assert_null(strstr(block, "SHA-256"));
}

/* What is kept from one request to the next must never answer for another one. */
static void a_response_depends_on_method_and_uri_whatever_was_asked_before(void **state)
{
    (void)state;
    static const struct {
        const char *method, *uri;
    } asked[] = {{"INVITE", "sip:bob@example.com"},  {"NOTIFY", "sip:bob@example.com"},
                 {"INVITE", "sip:bob@example.com"},  {"INVITE", "sip:bob@example.con"},
                 {"INVITE", "sip:bob@example.co"},   {"INVITE", ""},
                 {"INVIT", "E:sip:bob@example.com"}, {"INVITE", "sip:bob@example.com"}};
    struct digest_credentials credentials = {
        .nonce = SLICE("n"), .nc_text = SLICE("00000001"), .cnonce = SLICE("c"), .has_qop = true};
    for (size_t i = 0; i < ARRAY_COUNT(asked); i++) {
        uint8_t response[32], wanted[32];
        struct digest_context *fresh = digest_context_new();
        assert_non_null(fresh);
        credentials.uri = slice_from_text(asked[i].uri);
        digest_response(context, &credentials, ha1.md5, slice_from_text(asked[i].method), response);
        digest_response(fresh, &credentials, ha1.md5, slice_from_text(asked[i].method), wanted);
        digest_context_free(fresh);
        assert_memory_equal(response, wanted, 16);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(responses_of_the_rfcs_are_right),
        cmocka_unit_test(a_response_depends_on_method_and_uri_whatever_was_asked_before),
        cmocka_unit_test(siphash_gives_the_values_of_its_authors),
        cmocka_unit_test(the_mac_of_two_words_is_that_of_their_bytes),
        cmocka_unit_test(credentials_are_found_or_refused),
        cmocka_unit_test(a_challenge_is_answered_with_the_strongest_algorithm),
        cmocka_unit_test(a_user_who_is_not_there_is_simply_wrong),
        cmocka_unit_test(each_count_of_a_nonce_is_good_once),
        cmocka_unit_test(without_a_window_the_count_is_left_to_the_caller),
        cmocka_unit_test(an_older_nonce_cannot_be_played_back),
        cmocka_unit_test(of_two_nonces_of_one_second_the_second_cannot_be_followed_by_the_first),
        cmocka_unit_test(a_window_of_long_ago_never_blocks),
        cmocka_unit_test(a_nonce_grows_old_and_clocks_may_differ_a_little),
        cmocka_unit_test(a_nonce_survives_one_change_of_key_but_not_two),
        cmocka_unit_test(a_nonce_changed_in_any_character_is_not_ours),
        cmocka_unit_test(a_challenge_is_spelled_for_everybody),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
