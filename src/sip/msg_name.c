#include "sip/msg.h"

#include <string.h>

static const char *const method_names[] = {[SIP_METHOD_OTHER] = "OTHER",
                                           [SIP_ACK] = "ACK",
                                           [SIP_BYE] = "BYE",
                                           [SIP_CANCEL] = "CANCEL",
                                           [SIP_INFO] = "INFO",
                                           [SIP_INVITE] = "INVITE",
                                           [SIP_MESSAGE] = "MESSAGE",
                                           [SIP_NOTIFY] = "NOTIFY",
                                           [SIP_OPTIONS] = "OPTIONS",
                                           [SIP_PRACK] = "PRACK",
                                           [SIP_PUBLISH] = "PUBLISH",
                                           [SIP_REFER] = "REFER",
                                           [SIP_REGISTER] = "REGISTER",
                                           [SIP_SUBSCRIBE] = "SUBSCRIBE",
                                           [SIP_UPDATE] = "UPDATE"};

/* The first letters tell all but a few apart. */
static enum sip_method method_guess(struct slice text)
{
    switch (text.data[0]) {
    case 'A':
        return SIP_ACK;
    case 'B':
        return SIP_BYE;
    case 'C':
        return SIP_CANCEL;
    case 'I':
        return text.size == 4 ? SIP_INFO : SIP_INVITE;
    case 'M':
        return SIP_MESSAGE;
    case 'N':
        return SIP_NOTIFY;
    case 'O':
        return SIP_OPTIONS;
    case 'P':
        return text.size == 5 ? SIP_PRACK : SIP_PUBLISH;
    case 'R':
        return text.size == 5 ? SIP_REFER : SIP_REGISTER;
    case 'S':
        return SIP_SUBSCRIBE;
    case 'U':
        return SIP_UPDATE;
    default:
        return SIP_METHOD_OTHER;
    }
}

enum sip_method sip_method_from(struct slice text)
{
    enum sip_method guess = text.size == 0 ? SIP_METHOD_OTHER : method_guess(text);
    return guess != SIP_METHOD_OTHER && slice_equal(text, slice_from_text(method_names[guess]))
               ? guess
               : SIP_METHOD_OTHER;
}

const char *sip_method_name(enum sip_method method)
{
    return method_names[method];
}

const char *sip_parse_name(enum sip_parse result)
{
    switch (result) {
    case SIP_OK:
        return "ok";
    case SIP_EMPTY:
        return "empty";
    case SIP_NOT_SIP:
        return "not-sip";
    case SIP_BAD_VERSION:
        return "bad-version";
    case SIP_BAD_START_LINE:
        return "bad-start-line";
    case SIP_BAD_URI:
        return "bad-uri";
    case SIP_BAD_HEADER:
        return "bad-header";
    case SIP_TOO_MANY_HEADERS:
        return "too-many-headers";
    case SIP_BAD_VIA:
        return "bad-via";
    case SIP_BAD_FROM:
        return "bad-from";
    case SIP_BAD_TO:
        return "bad-to";
    case SIP_BAD_CALL_ID:
        return "bad-call-id";
    case SIP_BAD_CSEQ:
        return "bad-cseq";
    case SIP_BAD_CONTENT_LENGTH:
        return "bad-content-length";
    case SIP_BAD_MAX_FORWARDS:
        return "bad-max-forwards";
    case SIP_DUPLICATE_HEADER:
        return "duplicate-header";
    case SIP_MISSING_HEADER:
        return "missing-header";
    case SIP_BAD_CONTACT:
        return "bad-contact";
    case SIP_BAD_SCHEME:
        return "bad-scheme";
    }
    return "?";
}

const char *sip_parse_phrase(enum sip_parse result)
{
    switch (result) {
    case SIP_OK:
    case SIP_EMPTY:
    case SIP_NOT_SIP:
        return "Bad Request";
    case SIP_BAD_VERSION:
        return "Version Not Supported";
    case SIP_BAD_START_LINE:
        return "Bad Request-Line";
    case SIP_BAD_URI:
        return "Bad Request-URI";
    case SIP_BAD_HEADER:
        return "Bad Header";
    case SIP_TOO_MANY_HEADERS:
        return "Too Many Headers";
    case SIP_BAD_VIA:
        return "Bad Via";
    case SIP_BAD_FROM:
        return "Bad From";
    case SIP_BAD_TO:
        return "Bad To";
    case SIP_BAD_CALL_ID:
        return "Bad Call-ID";
    case SIP_BAD_CSEQ:
        return "Bad CSeq";
    case SIP_BAD_CONTENT_LENGTH:
        return "Bad Content-Length";
    case SIP_BAD_MAX_FORWARDS:
        return "Bad Max-Forwards";
    case SIP_DUPLICATE_HEADER:
        return "Duplicate Header";
    case SIP_MISSING_HEADER:
        return "Missing Header";
    case SIP_BAD_CONTACT:
        return "Bad Contact";
    case SIP_BAD_SCHEME:
        return "Unsupported URI Scheme";
    }
    return "Bad Request";
}
