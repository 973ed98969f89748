#include "sip/msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct sip_msg msg;

#define assert_slice(actual, expected)                                                             \
    do {                                                                                           \
        struct slice seen_ = (actual);                                                             \
        assert_int_equal(seen_.size, strlen(expected));                                            \
        assert_memory_equal(seen_.size == 0 ? "" : seen_.data, expected, seen_.size);              \
    } while (0)

#define START "INVITE sip:bob@example.com SIP/2.0\r\n"
#define VIA "Via: SIP/2.0/UDP 192.0.2.1:5070;rport;branch=z9hG4bKa\r\n"
#define FROM "From: \"Alice, A.\" <sip:alice@example.com>;tag=f1\r\n"
#define TO "To: <sip:bob@example.com>\r\n"
#define IDS "Call-ID: c1@192.0.2.1\r\nCSeq: 7 INVITE\r\n"
#define BASE START VIA FROM TO IDS

static void a_plain_invite_is_read_in_full(void **state)
{
    (void)state;
    const char *text = BASE "Max-Forwards: 70\r\nExpires: 180\r\n"
                            "Contact: <sip:alice@192.0.2.1:5070>\r\n"
                            "Content-Type: application/sdp\r\nContent-Length: 4\r\n\r\nv=0\nmore";
    assert_int_equal(sip_msg_parse(slice_from_text(text), &msg), SIP_OK);
    assert_true(msg.is_request);
    assert_int_equal(msg.method, SIP_INVITE);
    assert_slice(msg.method_text, "INVITE");
    assert_slice(msg.uri.host, "example.com");
    assert_slice(msg.uri_text, "sip:bob@example.com");
    assert_int_equal(msg.header_count, 10);
    assert_slice(msg.via.transport, "UDP");
    assert_slice(msg.via.host, "192.0.2.1");
    assert_int_equal(msg.via.port, 5070);
    assert_slice(msg.via.branch, "z9hG4bKa");
    assert_int_equal(msg.via_count, 1);
    assert_slice(msg.from.display, "\"Alice, A.\"");
    assert_slice(msg.from.uri.user, "alice");
    assert_slice(msg.from.tag, "f1");
    assert_slice(msg.to.tag, "");
    assert_slice(msg.call_id, "c1@192.0.2.1");
    assert_int_equal(msg.cseq, 7);
    assert_int_equal(msg.cseq_method, SIP_INVITE);
    assert_int_equal(msg.max_forwards, 70);
    assert_int_equal(msg.expires_s, 180);
    assert_slice(msg.body, "v=0\n");
    assert_int_equal(msg.raw.size, strlen(text) - 4);
    assert_slice(sip_msg_value(&msg, SIP_H_CONTENT_TYPE), "application/sdp");
    assert_slice(msg.headers[0].line, "Via: SIP/2.0/UDP 192.0.2.1:5070;rport;branch=z9hG4bKa");
    assert_slice(msg.headers[0].name, "Via");
}

static void a_response_is_read_in_full(void **state)
{
    (void)state;
    const char *text =
        "SIP/2.0 180 Ringing \xc3\xa4\r\n" VIA FROM "To: sip:bob@example.com;tag=t1\r\n" IDS "\r\n";
    assert_int_equal(sip_msg_parse(slice_from_text(text), &msg), SIP_OK);
    assert_false(msg.is_request);
    assert_int_equal(msg.status, 180);
    assert_slice(msg.reason, "Ringing \xc3\xa4");
    assert_slice(msg.to.uri_text, "sip:bob@example.com");
    assert_slice(msg.to.tag, "t1");
    assert_int_equal(msg.cseq_method, SIP_INVITE);
    assert_int_equal(msg.max_forwards, -1);
    assert_int_equal(msg.expires_s, -1);
}

static const struct {
    const char *what;
    const char *text;
    enum sip_parse result;
    bool is_answerable;
} rows[] = {
    {"keep-alive", "\r\n\r\n", SIP_EMPTY, false},
    {"nothing", "", SIP_EMPTY, false},
    {"leading CRLF", "\r\n\r\n" BASE "\r\n", SIP_OK, true},
    {"a web browser", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", SIP_NOT_SIP, false},
    {"noise", "\x16\x03\x01\x02\n", SIP_NOT_SIP, false},
    {"no line end", "INVITE sip:a@b SIP/2.0", SIP_NOT_SIP, false},
    {"bare LF ends lines",
     "INVITE sip:a@b SIP/2.0\nVia: SIP/2.0/UDP h\nFrom: sip:a@b\nTo: sip:a@b\n"
     "Call-ID: x\nCSeq: 1 INVITE\n\n",
     SIP_OK, true},
    {"bare LF before a fold", START VIA FROM TO "Subject: a\n b\r\n" IDS "\r\n", SIP_BAD_HEADER,
     true},
    {"bare CR in a header", BASE "Subject: a\rb\r\n\r\n", SIP_BAD_HEADER, true},
    {"control character", BASE "Subject: a\x01z\r\n\r\n", SIP_BAD_HEADER, true},
    {"DEL", BASE "Subject: a\x7fz\r\n\r\n", SIP_BAD_HEADER, true},
    {"tab", BASE "Subject:\ta\tz\r\n\r\n", SIP_OK, true},
    {"escaped control character in quotes", BASE "X: \"\\\x01\"\r\n\r\n", SIP_OK, true},
    {"escaped control character outside", BASE "X: \\\x01\r\n\r\n", SIP_BAD_HEADER, true},
    {"no empty line", BASE, SIP_BAD_HEADER, true},
    {"no colon", BASE "Subject\r\n\r\n", SIP_BAD_HEADER, true},
    {"no name", BASE ": x\r\n\r\n", SIP_BAD_HEADER, true},
    {"bad name", BASE "Sub ject: x\r\n\r\n", SIP_BAD_HEADER, true},
    {"folded first header", START " x\r\n" VIA FROM TO IDS "\r\n", SIP_BAD_HEADER, true},
    {"UTF-8 value", BASE "Subject: \xe5\xa4\xa7\r\n\r\n", SIP_OK, true},
    {"version 3", "INVITE sip:a@b SIP/3.0\r\n" VIA FROM TO IDS "\r\n", SIP_BAD_VERSION, true},
    {"version in small letters", "INVITE sip:a@b sip/2.0\r\n" VIA FROM TO IDS "\r\n", SIP_OK, true},
    {"no version", "INVITE sip:a@b SIP/\r\n" VIA FROM TO IDS "\r\n", SIP_BAD_START_LINE, true},
    {"no URI", "INVITE SIP/2.0\r\n" VIA FROM TO IDS "\r\n", SIP_BAD_START_LINE, true},
    {"tab in the start line", "INVITE sip:a\t@b SIP/2.0\r\n" VIA FROM TO IDS "\r\n", SIP_BAD_URI,
     true},
    {"URI without a scheme", "INVITE bob SIP/2.0\r\n" VIA FROM TO IDS "\r\n", SIP_BAD_URI, true},
    {"URI with headers", "INVITE sip:a@b?x=y SIP/2.0\r\n" VIA FROM TO IDS "\r\n", SIP_BAD_URI,
     true},
    {"tel URI", "INVITE tel:+123 SIP/2.0\r\n" VIA FROM TO IDS "\r\n", SIP_OK, true},
    {"unknown scheme", "INVITE urn:service:sos SIP/2.0\r\n" VIA FROM TO IDS "\r\n", SIP_BAD_SCHEME,
     true},
    {"status 99", "SIP/2.0 099 x\r\n" VIA FROM TO IDS "\r\n", SIP_BAD_START_LINE, false},
    {"status 700", "SIP/2.0 700 x\r\n" VIA FROM TO IDS "\r\n", SIP_BAD_START_LINE, false},
    {"four digits", "SIP/2.0 2000 x\r\n" VIA FROM TO IDS "\r\n", SIP_BAD_START_LINE, false},
    {"no reason", "SIP/2.0 200\r\n" VIA FROM TO IDS "\r\n", SIP_OK, false},
    {"response of version 7", "SIP/7.0 200 x\r\n" VIA FROM TO IDS "\r\n", SIP_BAD_VERSION, false},
    {"a broken ACK is never answered", "ACK sip:a@b SIP/3.0\r\n" VIA FROM TO IDS "\r\n",
     SIP_BAD_VERSION, false},
    {"no Via", START FROM TO IDS "\r\n", SIP_MISSING_HEADER, false},
    {"empty Via", START "Via:\r\n" FROM TO IDS "\r\n", SIP_BAD_VIA, false},
    {"Via without a host", START "Via: SIP/2.0/UDP ;branch=x\r\n" FROM TO IDS "\r\n", SIP_BAD_VIA,
     false},
    {"Via of HTTP", START "Via: HTTP/1.1/UDP h\r\n" FROM TO IDS "\r\n", SIP_BAD_VIA, false},
    {"Via with port 0", START "Via: SIP/2.0/UDP h:0\r\n" FROM TO IDS "\r\n", SIP_BAD_VIA, true},
    {"two branches", START "Via: SIP/2.0/UDP h;branch=a;Branch=b\r\n" FROM TO IDS "\r\n",
     SIP_BAD_VIA, true},
    {"empty value among Vias", START "Via: SIP/2.0/UDP h,, SIP/2.0/UDP i\r\n" FROM TO IDS "\r\n",
     SIP_BAD_VIA, true},
    {"no From", START VIA TO IDS "\r\n", SIP_MISSING_HEADER, true},
    {"From is a star", START VIA "From: *\r\n" TO IDS "\r\n", SIP_BAD_FROM, true},
    {"two tags", START VIA "From: <sip:a@b>;tag=1;tag=2\r\n" TO IDS "\r\n", SIP_BAD_FROM, true},
    {"an empty tag", START VIA FROM "To: <sip:a@b>;tag=;x=1\r\n" IDS "\r\n", SIP_BAD_TO, true},
    {"a tag without a value", START VIA FROM "To: sip:a@b ;tag\r\n" IDS "\r\n", SIP_BAD_TO, true},
    {"two From values", START VIA "From: <sip:a@b>, <sip:c@d>\r\n" TO IDS "\r\n", SIP_BAD_FROM,
     true},
    {"bad URI in From", START VIA "From: <sip:@>\r\n" TO IDS "\r\n", SIP_BAD_FROM, true},
    {"no To", START VIA FROM IDS "\r\n", SIP_MISSING_HEADER, true},
    {"no '>' in To", START VIA FROM "To: <sip:a@b\r\n" IDS "\r\n", SIP_BAD_TO, true},
    {"no Call-ID", START VIA FROM TO "CSeq: 1 INVITE\r\n\r\n", SIP_MISSING_HEADER, true},
    {"empty Call-ID", START VIA FROM TO "i:\r\nCSeq: 1 INVITE\r\n\r\n", SIP_BAD_CALL_ID, true},
    {"two words in Call-ID", START VIA FROM TO "i: a b\r\nCSeq: 1 INVITE\r\n\r\n", SIP_BAD_CALL_ID,
     true},
    {"no CSeq", START VIA FROM TO "i: a\r\n\r\n", SIP_MISSING_HEADER, true},
    {"CSeq of another method", START VIA FROM TO "i: a\r\nCSeq: 1 BYE\r\n\r\n", SIP_BAD_CSEQ, true},
    {"largest CSeq", START VIA FROM TO "i: a\r\nCSeq: 2147483647 INVITE\r\n\r\n", SIP_OK, true},
    {"CSeq too large", START VIA FROM TO "i: a\r\nCSeq: 2147483648 INVITE\r\n\r\n", SIP_BAD_CSEQ,
     true},
    {"CSeq without a number", START VIA FROM TO "i: a\r\nCSeq: INVITE\r\n\r\n", SIP_BAD_CSEQ, true},
    {"CSeq without a method", START VIA FROM TO "i: a\r\nCSeq: 1\r\n\r\n", SIP_BAD_CSEQ, true},
    {"Max-Forwards 256", BASE "Max-Forwards: 256\r\n\r\n", SIP_BAD_MAX_FORWARDS, true},
    {"Max-Forwards -1", BASE "Max-Forwards: -1\r\n\r\n", SIP_BAD_MAX_FORWARDS, true},
    {"Content-Length -1", BASE "Content-Length: -1\r\n\r\n", SIP_BAD_CONTENT_LENGTH, true},
    {"Content-Length too large", BASE "Content-Length: 1\r\n\r\n", SIP_BAD_CONTENT_LENGTH, true},
    {"Content-Length huge", BASE "l: 99999999999999999999999\r\n\r\n", SIP_BAD_CONTENT_LENGTH,
     true},
    {"two lengths that differ", BASE "l: 0\r\nContent-Length: 1\r\n\r\nx", SIP_BAD_CONTENT_LENGTH,
     true},
    {"two lengths alike", BASE "l: 0\r\nContent-Length: 0\r\n\r\n", SIP_DUPLICATE_HEADER, true},
    {"two Froms", BASE FROM "\r\n", SIP_DUPLICATE_HEADER, true},
    {"two Tos, one compact", BASE "t : sip:x@y\r\n\r\n", SIP_DUPLICATE_HEADER, true},
    {"two Call-IDs, one folded", BASE "CALL-id:\r\n x\r\n\r\n", SIP_DUPLICATE_HEADER, true},
    {"two CSeqs", BASE "cseq: 7 INVITE\r\n\r\n", SIP_DUPLICATE_HEADER, true},
    {"two Max-Forwards", BASE "Max-Forwards: 1\r\nMax-Forwards: 1\r\n\r\n", SIP_DUPLICATE_HEADER,
     true},
    {"two Expires", BASE "Expires: 1\r\nExpires: 1\r\n\r\n", SIP_DUPLICATE_HEADER, true},
    {"bad Contact", BASE "m: <sip:a@b>;;\r\n\r\n", SIP_BAD_CONTACT, true},
    {"star in an INVITE", BASE "m: *\r\n\r\n", SIP_BAD_CONTACT, true},
};

static void each_broken_message_says_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        enum sip_parse result = sip_msg_parse(slice_from_text(rows[i].text), &msg);
        print_message("%s: %s\n", rows[i].what, sip_parse_name(result));
        assert_int_equal(result, rows[i].result);
        assert_int_equal(msg.is_answerable, rows[i].is_answerable);
        assert_true(strlen(sip_parse_phrase(result)) > 0);
    }
}

static void a_nul_in_a_header_is_refused(void **state)
{
    (void)state;
    static const char text[] = BASE "Subject: a\0b\r\n\r\n";
    assert_int_equal(sip_msg_parse(slice_make(text, sizeof text - 1), &msg), SIP_BAD_HEADER);
    static const char uri[] = "INVITE sip:a\0b@h SIP/2.0\r\n" VIA FROM TO IDS "\r\n";
    assert_int_equal(sip_msg_parse(slice_make(uri, sizeof uri - 1), &msg), SIP_BAD_URI);
}

static void a_control_character_is_found_wherever_it_stands(void **state)
{
    (void)state;
    static const struct {
        char c;
        enum sip_parse result;
    } bytes[] = {{0x00, SIP_BAD_HEADER}, {0x01, SIP_BAD_HEADER}, {0x1f, SIP_BAD_HEADER},
                 {0x7f, SIP_BAD_HEADER}, {0x20, SIP_OK},         {0x7e, SIP_OK},
                 {'\t', SIP_OK},         {(char)0x80, SIP_OK},   {(char)0xff, SIP_OK}};
    char text[512];
    size_t start = strlen(BASE "X:");
    for (size_t size = 1; size < 70; size++) {
        for (size_t at = 0; at < size; at++) {
            for (size_t i = 0; i < ARRAY_COUNT(bytes); i++) {
                memcpy(text, BASE "X:", start);
                memset(text + start, 'a', size);
                text[start + at] = bytes[i].c;
                memcpy(text + start + size, "\r\n\r\n", 4);
                assert_int_equal(sip_msg_parse(slice_make(text, start + size + 4), &msg),
                                 bytes[i].result);
            }
        }
    }
}

static void there_may_be_128_headers_and_no_more(void **state)
{
    (void)state;
    static char text[8192];
    for (int extra = 0; extra < 2; extra++) {
        int size = snprintf(text, sizeof text, "%s", BASE);
        for (int i = 5; i < SIP_HEADERS_MAX + extra; i++) {
            size += snprintf(text + size, sizeof text - (size_t)size, "X: %d\r\n", i);
        }
        size += snprintf(text + size, sizeof text - (size_t)size, "\r\n");
        enum sip_parse result = sip_msg_parse(slice_make(text, (size_t)size), &msg);
        assert_int_equal(result, extra == 0 ? SIP_OK : SIP_TOO_MANY_HEADERS);
        assert_int_equal(msg.header_count, SIP_HEADERS_MAX);
        assert_true(msg.is_answerable);
    }
}

static void each_spelling_of_a_name_is_the_same_header(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum sip_header_id id;
    } names[] = {
        {"v", SIP_H_VIA},
        {"VIA", SIP_H_VIA},
        {"f", SIP_H_FROM},
        {"fRoM", SIP_H_FROM},
        {"T", SIP_H_TO},
        {"i", SIP_H_CALL_ID},
        {"CALL-ID", SIP_H_CALL_ID},
        {"m", SIP_H_CONTACT},
        {"l", SIP_H_CONTENT_LENGTH},
        {"c", SIP_H_CONTENT_TYPE},
        {"k", SIP_H_SUPPORTED},
        {"o", SIP_H_EVENT},
        {"r", SIP_H_REFER_TO},
        {"b", SIP_H_REFERRED_BY},
        {"y", SIP_H_IDENTITY},
        {"s", SIP_H_OTHER},
        {"u", SIP_H_OTHER},
        {"e", SIP_H_OTHER},
        {"Subject", SIP_H_OTHER},
        {"Vla", SIP_H_OTHER},
        {"Alert-Info", SIP_H_ALERT_INFO},
        {"Authorization", SIP_H_AUTHORIZATION},
        {"cseq", SIP_H_CSEQ},
        {"Date", SIP_H_DATE},
        {"Diversion", SIP_H_DIVERSION},
        {"Expires", SIP_H_EXPIRES},
        {"Max-Forwards", SIP_H_MAX_FORWARDS},
        {"Min-Expires", SIP_H_MIN_EXPIRES},
        {"p-asserted-identity", SIP_H_P_ASSERTED_IDENTITY},
        {"P-Preferred-Identity", SIP_H_P_PREFERRED_IDENTITY},
        {"Path", SIP_H_PATH},
        {"Privacy", SIP_H_PRIVACY},
        {"Proxy-Authenticate", SIP_H_PROXY_AUTHENTICATE},
        {"Proxy-Authorization", SIP_H_PROXY_AUTHORIZATION},
        {"Proxy-Require", SIP_H_PROXY_REQUIRE},
        {"RAck", SIP_H_RACK},
        {"Reason", SIP_H_REASON},
        {"Record-Route", SIP_H_RECORD_ROUTE},
        {"Remote-Party-ID", SIP_H_REMOTE_PARTY_ID},
        {"Replaces", SIP_H_REPLACES},
        {"Require", SIP_H_REQUIRE},
        {"Retry-After", SIP_H_RETRY_AFTER},
        {"Route", SIP_H_ROUTE},
        {"RSeq", SIP_H_RSEQ},
        {"Server", SIP_H_SERVER},
        {"Unsupported", SIP_H_UNSUPPORTED},
        {"User-Agent", SIP_H_USER_AGENT},
        {"Warning", SIP_H_WARNING},
        {"WWW-Authenticate", SIP_H_WWW_AUTHENTICATE},
        {"X-Reason", SIP_H_X_REASON},
        {"X-Unknown-Header-Of-Great-Length", SIP_H_OTHER},
    };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char text[256];
        snprintf(text, sizeof text, START "%s \t:\r\n\t value \r\n\r\n", names[i].name);
        (void)!sip_msg_parse(slice_from_text(text), &msg);
        print_message("%s\n", names[i].name);
        assert_int_equal(msg.header_count, 1);
        assert_int_equal(msg.headers[0].id, names[i].id);
        assert_slice(msg.headers[0].value, "value");
        assert_slice(msg.headers[0].name, names[i].name);
        if (names[i].id != SIP_H_OTHER) {
            assert_true(sip_msg_has(&msg, names[i].id));
        }
    }
}

static void lists_are_walked_over_headers_quotes_and_brackets(void **state)
{
    (void)state;
    const char *text = BASE "Route: <sip:a;lr>, \"x,y\" <sip:b,c@d;lr>\r\nRoute:\r\n"
                            "Route: <sip:e;lr>\r\nSupported: 100rel\r\nk: timer , Path\r\n\r\n";
    assert_int_equal(sip_msg_parse(slice_from_text(text), &msg), SIP_OK);
    static const char *const expected[] = {"<sip:a;lr>", "\"x,y\" <sip:b,c@d;lr>", "<sip:e;lr>"};
    int header = msg.first[SIP_H_ROUTE];
    struct slice rest = {NULL, 0};
    struct slice value;
    size_t count = 0;
    while (sip_msg_list_next(&msg, &header, &rest, &value)) {
        assert_true(count < ARRAY_COUNT(expected));
        assert_slice(value, expected[count]);
        count++;
    }
    assert_int_equal(count, 3);
    assert_true(sip_msg_has_token(&msg, SIP_H_SUPPORTED, "100REL"));
    assert_true(sip_msg_has_token(&msg, SIP_H_SUPPORTED, "path"));
    assert_false(sip_msg_has_token(&msg, SIP_H_SUPPORTED, "tim"));
    assert_false(sip_msg_has_token(&msg, SIP_H_REQUIRE, "timer"));
    rest = SLICE("a (b, c), ,d");
    assert_true(sip_list_next(&rest, &value));
    assert_slice(value, "a (b, c)");
    assert_true(sip_list_next(&rest, &value));
    assert_slice(value, "");
    assert_true(sip_list_next(&rest, &value));
    assert_slice(value, "d");
    assert_false(sip_list_next(&rest, &value));
}

static void a_register_may_take_all_contacts_away(void **state)
{
    (void)state;
    const char *text = "REGISTER sip:example.com SIP/2.0\r\n" VIA FROM TO
                       "i: x\r\nCSeq: 1 REGISTER\r\nContact: *\r\nExpires: 99999999999\r\n\r\n";
    assert_int_equal(sip_msg_parse(slice_from_text(text), &msg), SIP_OK);
    struct sip_address address;
    assert_true(sip_address_parse(sip_msg_value(&msg, SIP_H_CONTACT), &address));
    assert_true(address.is_star);
    assert_int_equal(msg.expires_s, UINT32_MAX);
    text = "REGISTER sip:example.com SIP/2.0\r\n" VIA FROM TO
           "i: x\r\nCSeq: 1 REGISTER\r\nContact: *, <sip:a@b>\r\n\r\n";
    assert_int_equal(sip_msg_parse(slice_from_text(text), &msg), SIP_BAD_CONTACT);
}

static void addresses_are_read_as_phones_write_them(void **state)
{
    (void)state;
    static const struct {
        const char *text, *display, *uri, *params, *tag;
    } good[] = {
        {"sip:a@b", "", "sip:a@b", "", ""},
        {"sip:a@b ; tag = x", "", "sip:a@b", "; tag = x", "x"},
        {"<sip:a@b;lr>;tag=x", "", "sip:a@b;lr", ";tag=x", "x"},
        {"Jo (Sales) <sip:a@b>", "Jo (Sales)", "sip:a@b", "", ""},
        {"M\xc3\xbcller<sip:a@b>", "M\xc3\xbcller", "sip:a@b", "", ""},
        {"\"a \\\" <b>\" <sip:a@b>", "\"a \\\" <b>\"", "sip:a@b", "", ""},
        {"<tel:+1234>", "", "tel:+1234", "", ""},
        {"<sip:a@b>;+sip.instance=\"<urn:uuid:1>\";reg-id=1", "", "sip:a@b",
         ";+sip.instance=\"<urn:uuid:1>\";reg-id=1", ""},
        {"sip:a@b;x=\"<y>\"", "", "sip:a@b", ";x=\"<y>\"", ""},
        {"<http://www.example.com>", "", "http://www.example.com", "", ""},
    };
    struct sip_address address;
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        print_message("%s\n", good[i].text);
        assert_true(sip_address_parse(slice_from_text(good[i].text), &address));
        assert_slice(address.display, good[i].display);
        assert_slice(address.uri_text, good[i].uri);
        assert_slice(address.params, good[i].params);
        assert_slice(address.tag, good[i].tag);
    }
    static const char *const bad[] = {
        "",
        " ",
        "<>",
        "<sip:a@b",
        "sip:a@b>",
        "\"x <sip:a@b>",
        "\"x\" sip:a@b",
        "a, b <sip:a@b>",
        "<sip:a@b>x",
        "<sip:a@b>;",
        "<sip:a@b>;;x",
        "<sip:a@b>;x=\"",
        "sip:a@b?x=y",
        "< sip:a@b>",
        "<sip:a@b >",
        "x \"y\" <sip:a@b>",
        "<sip:a@b>;tag=1;tag=2",
        "<sip:a@b>;tag=",
        "<sip:a@b>;tag",
        "<sip:a@b>;tag=1,2",
        "**",
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        print_message("%s\n", bad[i]);
        assert_false(sip_address_parse(slice_from_text(bad[i]), &address));
    }
}

static void vias_are_read_with_ipv6_and_white_space(void **state)
{
    (void)state;
    struct sip_via via;
    assert_true(sip_via_parse(SLICE("SIP / 2.0 / TLS  [2001:db8::1] : 5061 ;x;branch = b1"), &via));
    assert_slice(via.host, "[2001:db8::1]");
    assert_slice(via.transport, "TLS");
    assert_int_equal(via.port, 5061);
    assert_slice(via.branch, "b1");
    assert_true(sip_via_parse(SLICE("SIP/2.0/UDP h;received=[2001:db8::9:255]"), &via));
    assert_true(sip_via_parse(SLICE("SIP/2.0/UDP h;received=2001:db8::9:255"), &via));
    assert_false(sip_via_parse(SLICE("SIP/2.0/UDP"), &via));
    assert_false(sip_via_parse(SLICE("SIP/2.0 UDP h"), &via));
    assert_false(sip_via_parse(SLICE("SIP/2.0/UDPh"), &via));
    assert_false(sip_via_parse(SLICE("SIP/2.0/UDP h:70000"), &via));
    assert_false(sip_via_parse(SLICE("SIP/2.0/UDP h x"), &via));
}

static void methods_and_phrases_have_their_names(void **state)
{
    (void)state;
    for (int i = SIP_ACK; i <= SIP_UPDATE; i++) {
        const char *name = sip_method_name((enum sip_method)i);
        assert_int_equal(sip_method_from(slice_from_text(name)), i);
    }
    assert_int_equal(sip_method_from(SLICE("invite")), SIP_METHOD_OTHER);
    assert_int_equal(sip_method_from(SLICE("OTHER")), SIP_METHOD_OTHER);
    assert_int_equal(sip_method_from(SLICE("")), SIP_METHOD_OTHER);
    assert_string_equal(sip_status_phrase(404), "Not Found");
    assert_string_equal(sip_status_phrase(100), "Trying");
    assert_string_equal(sip_status_phrase(608), "Rejected");
    assert_string_equal(sip_status_phrase(499), "Request Failure");
    assert_string_equal(sip_status_phrase(42), "Unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_invite_is_read_in_full),
        cmocka_unit_test(a_response_is_read_in_full),
        cmocka_unit_test(each_broken_message_says_what_is_wrong),
        cmocka_unit_test(a_nul_in_a_header_is_refused),
        cmocka_unit_test(a_control_character_is_found_wherever_it_stands),
        cmocka_unit_test(there_may_be_128_headers_and_no_more),
        cmocka_unit_test(each_spelling_of_a_name_is_the_same_header),
        cmocka_unit_test(lists_are_walked_over_headers_quotes_and_brackets),
        cmocka_unit_test(a_register_may_take_all_contacts_away),
        cmocka_unit_test(addresses_are_read_as_phones_write_them),
        cmocka_unit_test(vias_are_read_with_ipv6_and_white_space),
        cmocka_unit_test(methods_and_phrases_have_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
