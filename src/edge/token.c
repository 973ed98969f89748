#include "edge/worker.h"

#include <string.h>

/* A branch is "z9hG4bKdt" key(16) counter(8) mac(16): a response finds its transaction by it, and
 * after a restart, when transactions are gone, a repeated 2xx still proves by the MAC that it
 * answers a request of ours, and of which call. */
#define BRANCH_PREFIX "z9hG4bKdt"
#define BRANCH_SIZE (sizeof(BRANCH_PREFIX) - 1 + 16 + 8 + 16)

static void put_hex64(char *out, uint64_t value)
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 15; i >= 0; i--) {
        out[i] = digits[value & 15];
        value >>= 4;
    }
}

static bool get_hex64(const char *text, uint64_t *value)
{
    uint8_t bytes[8];
    if (!slice_from_hex(slice_make(text, 16), bytes, sizeof(bytes))) {
        return false;
    }
    uint64_t result = 0;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        result = result << 8 | bytes[i];
    }
    *value = result;
    return true;
}

void token_branch_numbered(const struct edge *edge, uint64_t call_key, uint32_t number,
                           char branch[56])
{
    size_t at = sizeof(BRANCH_PREFIX) - 1;
    memcpy(branch, BRANCH_PREFIX, at);
    put_hex64(branch + at, call_key);
    char counter[16];
    put_hex64(counter, number);
    memcpy(branch + at + 16, counter + 8, 8);
    uint64_t mac = digest_mac64(edge->settings.mac_key, branch, at + 24);
    put_hex64(branch + at + 24, mac);
    branch[BRANCH_SIZE] = '\0';
}

void token_branch(struct edge_worker *worker, uint64_t call_key, char branch[56])
{
    uint32_t number =
        (uint32_t)worker->index << 24 ^ ++worker->branch_counter ^ (uint32_t)rng_u64(&worker->rng);
    token_branch_numbered(worker->edge, call_key, number, branch);
}

bool token_branch_key(const struct edge *edge, struct slice branch, uint64_t *call_key)
{
    size_t at = sizeof(BRANCH_PREFIX) - 1;
    if (branch.size != BRANCH_SIZE || memcmp(branch.data, BRANCH_PREFIX, at) != 0) {
        return false;
    }
    uint64_t mac;
    if (!get_hex64(branch.data + at + 24, &mac) ||
        mac != digest_mac64(edge->settings.mac_key, branch.data, at + 24)) {
        return false;
    }
    return get_hex64(branch.data + at, call_key);
}

/* The To tag of a stateless refusal: any worker, also after a restart, knows its ACK by it. */
void token_tag_write(const struct edge *edge, struct slice branch, struct slice call_id,
                     struct slice from_tag, uint32_t cseq, char tag[TOKEN_TAG_SIZE])
{
    char bytes[512];
    struct buf buf;
    buf_init(&buf, bytes, sizeof(bytes));
    buf_slice(&buf, slice_head(branch, 120));
    buf_char(&buf, '|');
    buf_slice(&buf, slice_head(call_id, 200));
    buf_char(&buf, '|');
    buf_slice(&buf, slice_head(from_tag, 120));
    buf_u64(&buf, cseq);
    memcpy(tag, "dt", 2);
    put_hex64(tag + 2, digest_mac64(edge->settings.mac_key, bytes, buf.size));
}

bool token_tag_is_ours(const struct edge *edge, const struct sip_msg *request)
{
    char tag[TOKEN_TAG_SIZE];
    if (request->to.tag.size != TOKEN_TAG_SIZE) {
        return false;
    }
    token_tag_write(edge, request->via.branch, request->call_id, request->from.tag, request->cseq,
                    tag);
    return memcmp(request->to.tag.data, tag, sizeof(tag)) == 0;
}

static uint64_t route_mac(const struct edge *edge, uint64_t call_key, enum call_side_name side)
{
    uint64_t bytes[2] = {call_key, (uint64_t)side + 1};
    return digest_mac64(edge->settings.mac_key, bytes, sizeof(bytes));
}

void token_route(const struct edge *edge, uint64_t call_key, enum call_side_name side,
                 struct buf *out)
{
    char text[38];
    memcpy(text, "dt=", 3);
    put_hex64(text + 3, call_key);
    text[19] = side == SIDE_A ? 'a' : 'b';
    put_hex64(text + 20, route_mac(edge, call_key, side));
    buf_put(out, text, 36);
}

bool token_route_read_value(const struct edge *edge, struct slice value, uint64_t *call_key,
                            enum call_side_name *side)
{
    uint64_t key;
    uint64_t mac;
    if (value.size != 33) {
        return false;
    }
    enum call_side_name named = value.data[16] == 'a' ? SIDE_A : SIDE_B;
    if (!get_hex64(value.data, &key) || !get_hex64(value.data + 17, &mac) ||
        mac != route_mac(edge, key, named)) {
        return false;
    }
    *call_key = key;
    *side = named;
    return true;
}

bool token_route_read(const struct edge *edge, const struct sip_uri *uri, uint64_t *call_key,
                      enum call_side_name *side)
{
    struct slice value;
    return sip_param_get(uri->params, "dt", &value) &&
           token_route_read_value(edge, value, call_key, side);
}
