#include "sip/uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static struct slice text(const char *literal)
{
    return slice_from_text(literal);
}

#define assert_slice(actual, expected)                                                             \
    do {                                                                                           \
        struct slice seen_ = (actual);                                                             \
        assert_int_equal(seen_.size, strlen(expected));                                            \
        assert_memory_equal(seen_.size == 0 ? "" : seen_.data, expected, seen_.size);              \
    } while (0)

static void parts_of_good_uris_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *uri;
        enum sip_scheme scheme;
        const char *user, *password, *host;
        uint16_t port;
        const char *params, *headers;
    } rows[] = {
        {"sip:alice@example.com", SIP_SCHEME_SIP, "alice", "", "example.com", 0, "", ""},
        {"SIP:alice:pw@example.com:5070", SIP_SCHEME_SIP, "alice", "pw", "example.com", 5070, "",
         ""},
        {"sips:example.com;transport=tcp;lr", SIP_SCHEME_SIPS, "", "", "example.com", 0,
         ";transport=tcp;lr", ""},
        {"sip:a@h?Subject=x&Priority=urgent", SIP_SCHEME_SIP, "a", "", "h", 0, "",
         "Subject=x&Priority=urgent"},
        {"sip:a@h;p=1?x=y", SIP_SCHEME_SIP, "a", "", "h", 0, ";p=1", "x=y"},
        {"sip:[2001:db8::10]:5070", SIP_SCHEME_SIP, "", "", "[2001:db8::10]", 5070, "", ""},
        {"sip:[2001:db8::10:5070]", SIP_SCHEME_SIP, "", "", "[2001:db8::10:5070]", 0, "", ""},
        {"sip:user@[2001:db8:::192.0.2.1]", SIP_SCHEME_SIP, "user", "", "[2001:db8:::192.0.2.1]", 0,
         "", ""}, /* RFC 5118 4.10 */
        {"sip:user;par=u%40example.net@example.com", SIP_SCHEME_SIP, "user;par=u%40example.net", "",
         "example.com", 0, "", ""},
        {"sip:#31#123@pbx.example", SIP_SCHEME_SIP, "#31#123", "", "pbx.example", 0, "", ""},
        {"sip:+1-212-555@gw;user=phone", SIP_SCHEME_SIP, "+1-212-555", "", "gw", 0, ";user=phone",
         ""},
        {"sip:h;lr=", SIP_SCHEME_SIP, "", "", "h", 0, ";lr=", ""},
        {"tel:+1-201-555-0123;phone-context=x", SIP_SCHEME_TEL, "+1-201-555-0123", "", "", 0,
         ";phone-context=x", ""},
        {"tel:112", SIP_SCHEME_TEL, "112", "", "", 0, "", ""},
        {"urn:service:sos", SIP_SCHEME_OTHER, "", "", "", 0, "", ""},
        {"soap.beep://192.0.2.103:3002", SIP_SCHEME_OTHER, "", "", "", 0, "", ""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct sip_uri uri;
        print_message("%s\n", rows[i].uri);
        assert_true(sip_uri_parse(text(rows[i].uri), &uri));
        assert_int_equal(uri.scheme, rows[i].scheme);
        assert_slice(uri.text, rows[i].uri);
        assert_slice(uri.user, rows[i].user);
        assert_slice(uri.password, rows[i].password);
        assert_slice(uri.host, rows[i].host);
        assert_int_equal(uri.port, rows[i].port);
        assert_slice(uri.params, rows[i].params);
        assert_slice(uri.headers, rows[i].headers);
    }
}

static void broken_uris_are_refused_and_leave_the_result_alone(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "sip",
        "sip:",
        ":",
        "1sip:a@b",
        "sip:@host",
        "sip:a@",
        "sip:a@b@c",
        "sip:a b@c",
        "sip:a@b c",
        "<sip:a@b>",
        "sip:a@b>",
        "sip:a@h:",
        "sip:a@h:0",
        "sip:a@h:65536",
        "sip:a@h:99999999999",
        "sip:a@h:50x",
        "sip:a@h : 5060",
        "sip:a@h;",
        "sip:a@h;;b",
        "sip:a@h;=c",
        "sip:a@h; lr",
        "sip:a@h;a=\"b\"",
        "sip:a@h?",
        "sip:a%@h",
        "sip:a%4@h",
        "sip:a%zz@h",
        "sip:a@h;p=%4",
        "sip:2001:db8::10",
        "sip:[2001:db8::10",
        "sip:[]",
        "sip:[::1]x",
        "sip:a@h\x01",
        "sip:\x7f@h",
        "tel:",
        "tel:+",
        "tel:alice",
        "tel:123;",
        "tel:12 3",
        "http://a b",
        "x:\"",
        "sip:a:p w@h",
        "sip:a@h,b",
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct sip_uri uri = {.port = 7};
        print_message("%s\n", rows[i]);
        assert_false(sip_uri_parse(text(rows[i]), &uri));
        assert_int_equal(uri.port, 7);
    }
    struct sip_uri uri;
    assert_false(sip_uri_parse(SLICE("sip:a\0b@h"), &uri));
}

static void equality_follows_rfc_3261_19_1_4(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool is_equal;
    } rows[] = {
        {"sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true},
        {"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true},
        {"sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on", true},
        {"sip:biloxi.com;transport=tcp;method=REGISTER",
         "sip:biloxi.com;method=REGISTER;transport=tcp", true},
        {"SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false},
        {"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false},
        {"sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false},
        {"sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false},
        {"sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false},
        {"sip:carol@chicago.com;security=off", "sip:carol@chicago.com;security=on", false},
        {"sip:carol@chicago.com;maddr=10.1.1.1", "sip:carol@chicago.com", false},
        {"sip:a@h", "sips:a@h", false},
        {"sip:a:x@h", "sip:a:y@h", false},
        {"sip:a%3Bb@h", "sip:a;b@h", false}, /* ';' is reserved: the escape is another name */
        {"sip:a%2Ab@h", "sip:a*b@h", true},
        {"tel:+1-201-555-0123", "tel:+12015550123", true},
        {"tel:+12015550123", "tel:12015550123", false},
        {"tel:123;phone-context=a", "tel:123", false},
        {"tel:123;phone-context=a", "tel:123;phone-context=A", true},
        {"sip:h;a=b;a=c", "sip:h;a=b;a=c", true}, /* a binding must find itself */
        {"urn:service:sos", "urn:service:sos", true},
        {"urn:service:sos", "urn:service:sos.police", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct sip_uri a, b;
        print_message("%s %s\n", rows[i].a, rows[i].b);
        assert_true(sip_uri_parse(text(rows[i].a), &a));
        assert_true(sip_uri_parse(text(rows[i].b), &b));
        assert_int_equal(sip_uri_equal(&a, &b), rows[i].is_equal);
        assert_int_equal(sip_uri_equal(&b, &a), rows[i].is_equal);
    }
}

static void parameters_are_found_without_case_and_lose_their_quotes(void **state)
{
    (void)state;
    struct slice params = SLICE(" ; Tag = x1;lr ; q=0.5;name=\"a;b=c\";empty=;LR=second");
    struct slice value = SLICE("untouched");
    assert_true(sip_param_get(params, "tag", &value));
    assert_slice(value, "x1");
    assert_true(sip_param_get(params, "lr", &value));
    assert_slice(value, "");
    assert_true(sip_param_get(params, "name", &value));
    assert_slice(value, "a;b=c");
    assert_true(sip_param_get(params, "EMPTY", &value));
    assert_slice(value, "");
    value = SLICE("untouched");
    assert_false(sip_param_get(params, "b", &value));
    assert_slice(value, "untouched");

    struct slice name;
    int count = 0;
    while (sip_param_next(&params, &name, &value)) {
        count++;
    }
    assert_int_equal(count, 6);
    assert_int_equal(params.size, 0);
}

static void a_list_of_nothing_has_no_parameters(void **state)
{
    (void)state;
    struct slice none = {NULL, 0};
    struct slice name, value;
    assert_false(sip_param_get(none, "tag", &value));
    assert_false(sip_param_next(&none, &name, &value));
}

static void a_broken_parameter_list_ends_where_it_breaks(void **state)
{
    (void)state;
    struct slice params = SLICE(";a=1;;b=2");
    struct slice value;
    assert_true(sip_param_get(params, "a", &value));
    assert_false(sip_param_get(params, "b", &value));
    assert_false(sip_param_get(SLICE(";a=\"open"), "a", &value));
    assert_false(sip_param_get(SLICE("a=1"), "a", &value));
}

static void escapes_are_undone_but_never_to_a_nul(void **state)
{
    (void)state;
    char block[8];
    struct buf buf;
    buf_init(&buf, block, sizeof block);
    assert_true(sip_unescape(SLICE("a%40%6a"), &buf));
    assert_slice(buf_done(&buf), "a@j");
    static const char *const broken[] = {"%00", "a%0", "%", "%4g", "123456789"};
    for (size_t i = 0; i < ARRAY_COUNT(broken); i++) {
        buf_init(&buf, block, sizeof block);
        assert_false(sip_unescape(text(broken[i]), &buf));
    }
}

static void a_user_comes_as_text_or_not_at_all(void **state)
{
    (void)state;
    char user[8];
    struct sip_uri uri;
    assert_true(sip_uri_parse(SLICE("sip:J%6fe@h"), &uri));
    assert_true(sip_uri_user(&uri, user, sizeof user));
    assert_string_equal(user, "Joe");
    assert_true(sip_uri_parse(SLICE("sip:null-%00-null@h"), &uri));
    assert_false(sip_uri_user(&uri, user, sizeof user));
    assert_true(sip_uri_parse(SLICE("sip:a-name-that-is-long@h"), &uri));
    assert_false(sip_uri_user(&uri, user, sizeof user));
    assert_string_equal(user, "Joe");
    assert_true(sip_uri_parse(SLICE("sip:h"), &uri));
    assert_true(sip_uri_user(&uri, user, sizeof user));
    assert_string_equal(user, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_of_good_uris_are_found),
        cmocka_unit_test(broken_uris_are_refused_and_leave_the_result_alone),
        cmocka_unit_test(equality_follows_rfc_3261_19_1_4),
        cmocka_unit_test(parameters_are_found_without_case_and_lose_their_quotes),
        cmocka_unit_test(a_list_of_nothing_has_no_parameters),
        cmocka_unit_test(a_broken_parameter_list_ends_where_it_breaks),
        cmocka_unit_test(escapes_are_undone_but_never_to_a_nul),
        cmocka_unit_test(a_user_comes_as_text_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
