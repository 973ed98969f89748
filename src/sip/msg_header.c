#include "sip/msg_header.h"

#include "sip/lex.h"

struct known_name {
    const char *text; /* lower case */
    enum sip_header_id id;
};

/* By length, so that a name is compared with one or two candidates. */
static const struct known_name names_2[] = {{"to", SIP_H_TO}, {NULL, SIP_H_OTHER}};
static const struct known_name names_3[] = {{"via", SIP_H_VIA}, {NULL, SIP_H_OTHER}};
static const struct known_name names_4[] = {
    {"from", SIP_H_FROM}, {"cseq", SIP_H_CSEQ}, {"date", SIP_H_DATE}, {"path", SIP_H_PATH},
    {"rack", SIP_H_RACK}, {"rseq", SIP_H_RSEQ}, {NULL, SIP_H_OTHER}};
static const struct known_name names_5[] = {
    {"route", SIP_H_ROUTE}, {"event", SIP_H_EVENT}, {NULL, SIP_H_OTHER}};
static const struct known_name names_6[] = {
    {"server", SIP_H_SERVER}, {"reason", SIP_H_REASON}, {NULL, SIP_H_OTHER}};
static const struct known_name names_7[] = {{"contact", SIP_H_CONTACT}, {"call-id", SIP_H_CALL_ID},
                                            {"expires", SIP_H_EXPIRES}, {"require", SIP_H_REQUIRE},
                                            {"privacy", SIP_H_PRIVACY}, {"warning", SIP_H_WARNING},
                                            {NULL, SIP_H_OTHER}};
static const struct known_name names_8[] = {{"refer-to", SIP_H_REFER_TO},
                                            {"identity", SIP_H_IDENTITY},
                                            {"replaces", SIP_H_REPLACES},
                                            {"x-reason", SIP_H_X_REASON},
                                            {NULL, SIP_H_OTHER}};
static const struct known_name names_9[] = {
    {"supported", SIP_H_SUPPORTED}, {"diversion", SIP_H_DIVERSION}, {NULL, SIP_H_OTHER}};
static const struct known_name names_10[] = {
    {"user-agent", SIP_H_USER_AGENT}, {"alert-info", SIP_H_ALERT_INFO}, {NULL, SIP_H_OTHER}};
static const struct known_name names_11[] = {{"unsupported", SIP_H_UNSUPPORTED},
                                             {"retry-after", SIP_H_RETRY_AFTER},
                                             {"min-expires", SIP_H_MIN_EXPIRES},
                                             {"referred-by", SIP_H_REFERRED_BY},
                                             {NULL, SIP_H_OTHER}};
static const struct known_name names_12[] = {{"content-type", SIP_H_CONTENT_TYPE},
                                             {"max-forwards", SIP_H_MAX_FORWARDS},
                                             {"record-route", SIP_H_RECORD_ROUTE},
                                             {NULL, SIP_H_OTHER}};
static const struct known_name names_13[] = {{"authorization", SIP_H_AUTHORIZATION},
                                             {"proxy-require", SIP_H_PROXY_REQUIRE},
                                             {NULL, SIP_H_OTHER}};
static const struct known_name names_14[] = {{"content-length", SIP_H_CONTENT_LENGTH},
                                             {NULL, SIP_H_OTHER}};
static const struct known_name names_15[] = {{"remote-party-id", SIP_H_REMOTE_PARTY_ID},
                                             {NULL, SIP_H_OTHER}};
static const struct known_name names_16[] = {{"www-authenticate", SIP_H_WWW_AUTHENTICATE},
                                             {NULL, SIP_H_OTHER}};
static const struct known_name names_18[] = {{"proxy-authenticate", SIP_H_PROXY_AUTHENTICATE},
                                             {NULL, SIP_H_OTHER}};
static const struct known_name names_19[] = {{"proxy-authorization", SIP_H_PROXY_AUTHORIZATION},
                                             {"p-asserted-identity", SIP_H_P_ASSERTED_IDENTITY},
                                             {NULL, SIP_H_OTHER}};
static const struct known_name names_20[] = {{"p-preferred-identity", SIP_H_P_PREFERRED_IDENTITY},
                                             {NULL, SIP_H_OTHER}};

static const struct known_name *const names_by_length[] = {
    [2] = names_2,   [3] = names_3,   [4] = names_4,   [5] = names_5,   [6] = names_6,
    [7] = names_7,   [8] = names_8,   [9] = names_9,   [10] = names_10, [11] = names_11,
    [12] = names_12, [13] = names_13, [14] = names_14, [15] = names_15, [16] = names_16,
    [18] = names_18, [19] = names_19, [20] = names_20};

/* RFC 3261 7.3.3; o, r, b, u: RFC 6665, 3515, 3892. s (Subject), k (Supported), e
 * (Content-Encoding), u (Allow-Events): those that we do not look at stay SIP_H_OTHER. */
static enum sip_header_id id_from_letter(char letter)
{
    switch (letter | 0x20) {
    case 'b':
        return SIP_H_REFERRED_BY;
    case 'c':
        return SIP_H_CONTENT_TYPE;
    case 'f':
        return SIP_H_FROM;
    case 'i':
        return SIP_H_CALL_ID;
    case 'k':
        return SIP_H_SUPPORTED;
    case 'l':
        return SIP_H_CONTENT_LENGTH;
    case 'm':
        return SIP_H_CONTACT;
    case 'o':
        return SIP_H_EVENT;
    case 'r':
        return SIP_H_REFER_TO;
    case 't':
        return SIP_H_TO;
    case 'v':
        return SIP_H_VIA;
    case 'y':
        return SIP_H_IDENTITY;
    default:
        return SIP_H_OTHER;
    }
}

enum sip_header_id sip_header_id_from(struct slice name)
{
    if (name.size == 1) {
        return id_from_letter(name.data[0]);
    }
    if (name.size >= ARRAY_COUNT(names_by_length) || names_by_length[name.size] == NULL) {
        return SIP_H_OTHER;
    }
    for (const struct known_name *known = names_by_length[name.size]; known->text != NULL;
         known++) {
        if ((name.data[0] | 0x20) == known->text[0] &&
            lex_equal_lower(name, known->text, name.size)) {
            return known->id;
        }
    }
    return SIP_H_OTHER;
}

bool sip_header_is_single(enum sip_header_id id)
{
    const uint64_t single = (UINT64_C(1) << SIP_H_CALL_ID) | (UINT64_C(1) << SIP_H_CONTENT_LENGTH) |
                            (UINT64_C(1) << SIP_H_CONTENT_TYPE) | (UINT64_C(1) << SIP_H_CSEQ) |
                            (UINT64_C(1) << SIP_H_EVENT) | (UINT64_C(1) << SIP_H_EXPIRES) |
                            (UINT64_C(1) << SIP_H_FROM) | (UINT64_C(1) << SIP_H_MAX_FORWARDS) |
                            (UINT64_C(1) << SIP_H_MIN_EXPIRES) | (UINT64_C(1) << SIP_H_RACK) |
                            (UINT64_C(1) << SIP_H_REFER_TO) | (UINT64_C(1) << SIP_H_REFERRED_BY) |
                            (UINT64_C(1) << SIP_H_REPLACES) | (UINT64_C(1) << SIP_H_RETRY_AFTER) |
                            (UINT64_C(1) << SIP_H_RSEQ) | (UINT64_C(1) << SIP_H_TO);
    _Static_assert(SIP_H_COUNT <= 64, "one bit a header");
    return (single >> id & 1) != 0;
}
