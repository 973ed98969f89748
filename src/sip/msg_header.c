#include "sip/msg_header.h"

#include "sip/lex.h"

const struct sip_header_name sip_header_names[SIP_HEADER_SLOT_COUNT] = {
    [SIP_HEADER_SLOT(10, 'a', 'o')] = {"alert-info", 10, SIP_H_ALERT_INFO},
    [SIP_HEADER_SLOT(13, 'a', 'n')] = {"authorization", 13, SIP_H_AUTHORIZATION},
    [SIP_HEADER_SLOT(7, 'c', 'd')] = {"call-id", 7, SIP_H_CALL_ID},
    [SIP_HEADER_SLOT(7, 'c', 't')] = {"contact", 7, SIP_H_CONTACT},
    [SIP_HEADER_SLOT(14, 'c', 'h')] = {"content-length", 14, SIP_H_CONTENT_LENGTH},
    [SIP_HEADER_SLOT(12, 'c', 'e')] = {"content-type", 12, SIP_H_CONTENT_TYPE},
    [SIP_HEADER_SLOT(4, 'c', 'q')] = {"cseq", 4, SIP_H_CSEQ},
    [SIP_HEADER_SLOT(4, 'd', 'e')] = {"date", 4, SIP_H_DATE},
    [SIP_HEADER_SLOT(9, 'd', 'n')] = {"diversion", 9, SIP_H_DIVERSION},
    [SIP_HEADER_SLOT(5, 'e', 't')] = {"event", 5, SIP_H_EVENT},
    [SIP_HEADER_SLOT(7, 'e', 's')] = {"expires", 7, SIP_H_EXPIRES},
    [SIP_HEADER_SLOT(4, 'f', 'm')] = {"from", 4, SIP_H_FROM},
    [SIP_HEADER_SLOT(8, 'i', 'y')] = {"identity", 8, SIP_H_IDENTITY},
    [SIP_HEADER_SLOT(12, 'm', 's')] = {"max-forwards", 12, SIP_H_MAX_FORWARDS},
    [SIP_HEADER_SLOT(11, 'm', 's')] = {"min-expires", 11, SIP_H_MIN_EXPIRES},
    [SIP_HEADER_SLOT(19, 'p', 'y')] = {"p-asserted-identity", 19, SIP_H_P_ASSERTED_IDENTITY},
    [SIP_HEADER_SLOT(20, 'p', 'y')] = {"p-preferred-identity", 20, SIP_H_P_PREFERRED_IDENTITY},
    [SIP_HEADER_SLOT(4, 'p', 'h')] = {"path", 4, SIP_H_PATH},
    [SIP_HEADER_SLOT(7, 'p', 'y')] = {"privacy", 7, SIP_H_PRIVACY},
    [SIP_HEADER_SLOT(18, 'p', 'e')] = {"proxy-authenticate", 18, SIP_H_PROXY_AUTHENTICATE},
    [SIP_HEADER_SLOT(19, 'p', 'n')] = {"proxy-authorization", 19, SIP_H_PROXY_AUTHORIZATION},
    [SIP_HEADER_SLOT(13, 'p', 'e')] = {"proxy-require", 13, SIP_H_PROXY_REQUIRE},
    [SIP_HEADER_SLOT(4, 'r', 'k')] = {"rack", 4, SIP_H_RACK},
    [SIP_HEADER_SLOT(6, 'r', 'n')] = {"reason", 6, SIP_H_REASON},
    [SIP_HEADER_SLOT(12, 'r', 'e')] = {"record-route", 12, SIP_H_RECORD_ROUTE},
    [SIP_HEADER_SLOT(8, 'r', 'o')] = {"refer-to", 8, SIP_H_REFER_TO},
    [SIP_HEADER_SLOT(11, 'r', 'y')] = {"referred-by", 11, SIP_H_REFERRED_BY},
    [SIP_HEADER_SLOT(15, 'r', 'd')] = {"remote-party-id", 15, SIP_H_REMOTE_PARTY_ID},
    [SIP_HEADER_SLOT(8, 'r', 's')] = {"replaces", 8, SIP_H_REPLACES},
    [SIP_HEADER_SLOT(7, 'r', 'e')] = {"require", 7, SIP_H_REQUIRE},
    [SIP_HEADER_SLOT(11, 'r', 'r')] = {"retry-after", 11, SIP_H_RETRY_AFTER},
    [SIP_HEADER_SLOT(5, 'r', 'e')] = {"route", 5, SIP_H_ROUTE},
    [SIP_HEADER_SLOT(4, 'r', 'q')] = {"rseq", 4, SIP_H_RSEQ},
    [SIP_HEADER_SLOT(6, 's', 'r')] = {"server", 6, SIP_H_SERVER},
    [SIP_HEADER_SLOT(9, 's', 'd')] = {"supported", 9, SIP_H_SUPPORTED},
    [SIP_HEADER_SLOT(2, 't', 'o')] = {"to", 2, SIP_H_TO},
    [SIP_HEADER_SLOT(11, 'u', 'd')] = {"unsupported", 11, SIP_H_UNSUPPORTED},
    [SIP_HEADER_SLOT(10, 'u', 't')] = {"user-agent", 10, SIP_H_USER_AGENT},
    [SIP_HEADER_SLOT(3, 'v', 'a')] = {"via", 3, SIP_H_VIA},
    [SIP_HEADER_SLOT(7, 'w', 'g')] = {"warning", 7, SIP_H_WARNING},
    [SIP_HEADER_SLOT(16, 'w', 'e')] = {"www-authenticate", 16, SIP_H_WWW_AUTHENTICATE},
    [SIP_HEADER_SLOT(8, 'x', 'n')] = {"x-reason", 8, SIP_H_X_REASON},
};

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
    if (name.size == 0) {
        return SIP_H_OTHER;
    }
    const struct sip_header_name *known =
        sip_header_slot(name.size, name.data[0], name.data[name.size - 1]);
    bool is_known = name.size == known->size && lex_equal_lower(name, known->text, known->size);
    return is_known ? (enum sip_header_id)known->id : SIP_H_OTHER;
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
