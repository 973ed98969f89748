#include "edge/worker.h"

#include "sip/lex.h"

#define UNSUPPORTED_MAX 256 /* bytes of the list that goes back */

/* Our registrar keeps Path with each binding (RFC 3327); all else is passed on or unknown here. */
static bool is_understood(enum sip_header_id id, enum sip_method method, struct slice tag)
{
    return id == SIP_H_REQUIRE && method == SIP_REGISTER && slice_equal_nocase(tag, SLICE("path"));
}

/* Appends the tags of one header that we do not understand. False: it has none of them. */
static bool unsupported_add(const struct sip_msg *msg, enum sip_header_id id, struct buf *out)
{
    int header = msg->first[id];
    struct slice rest = {NULL, 0};
    struct slice tag;
    bool is_found = false;
    while (sip_msg_list_next(msg, &header, &rest, &tag)) {
        if (is_understood(id, msg->method, tag)) {
            continue;
        }
        is_found = true;
        /* What is no option tag is not worth repeating, nor is the rest of a long list. */
        if (lex_all(tag, LEX_TOKEN) && out->size + tag.size + 4 < UNSUPPORTED_MAX) {
            buf_text(out, out->size == 0 ? "Unsupported: " : ", ");
            buf_slice(out, tag);
        }
    }
    return is_found;
}

bool require_check(struct edge_worker *worker, const struct sip_msg *msg,
                   const struct reg_flow *from, bool is_for_us)
{
    bool is_asked =
        msg->first[SIP_H_PROXY_REQUIRE] >= 0 || (is_for_us && msg->first[SIP_H_REQUIRE] >= 0);
    if (!is_asked) {
        return true;
    }
    char lines[UNSUPPORTED_MAX];
    struct buf buf;
    buf_init(&buf, lines, sizeof(lines));
    bool is_found = is_for_us && unsupported_add(msg, SIP_H_REQUIRE, &buf);
    is_found = unsupported_add(msg, SIP_H_PROXY_REQUIRE, &buf) || is_found;
    if (!is_found) {
        return true;
    }
    if (buf.size > 0) {
        buf_text(&buf, "\r\n");
    }
    reply_stateless(worker, msg, from, 420, NULL, buf_done(&buf));
    return false;
}
