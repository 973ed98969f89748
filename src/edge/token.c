#include "edge/worker.h"

#include "base/hash.h"

#include <string.h>

/* A branch is "z9hG4bKdt" key(16) counter(8) mac(16): a response finds its transaction by it, and
 * after a restart, when transactions are gone, a repeated 2xx still proves by the MAC that it
 * answers a request of ours, and of which call. */
#define BRANCH_PREFIX "z9hG4bKdt"
#define BRANCH_SIZE (sizeof(BRANCH_PREFIX) - 1 + 16 + 8 + 16)

/* What a MAC is for stands above its number: no two kinds can be taken for each other. */
enum token_kind { TOKEN_ROUTE_A = 1, TOKEN_ROUTE_B = 2, TOKEN_BRANCH = 3, TOKEN_TAG = 4 };

static uint64_t token_mac(const struct edge *edge, enum token_kind kind, uint64_t what,
                          uint32_t number)
{
    /* A route's is as it was before there were others: calls of then are still ours. */
    uint64_t second = kind == TOKEN_ROUTE_A || kind == TOKEN_ROUTE_B
                          ? (uint64_t)kind
                          : (uint64_t)kind << 32 | number;
    return digest_mac64_pair(edge->settings.mac_key, what, second);
}

static void put_hex64(char *out, uint64_t value)
{
    uint64_t big_endian = __builtin_bswap64(value);
    slice_hex(out, (const uint8_t *)&big_endian, sizeof(big_endian));
}

static bool get_hex64(const char *text, uint64_t *value)
{
    uint64_t big_endian;
    if (!slice_from_hex(slice_make(text, 16), (uint8_t *)&big_endian, sizeof(big_endian))) {
        return false;
    }
    *value = __builtin_bswap64(big_endian);
    return true;
}

void token_branch_numbered(const struct edge *edge, uint64_t call_key, uint32_t number,
                           char branch[56])
{
    size_t at = sizeof(BRANCH_PREFIX) - 1;
    char counter[16];
    memcpy(branch, BRANCH_PREFIX, at);
    put_hex64(branch + at, call_key);
    put_hex64(counter, number);
    memcpy(branch + at + 16, counter + 8, 8);
    put_hex64(branch + at + 24, token_mac(edge, TOKEN_BRANCH, call_key, number));
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
    uint64_t key;
    uint64_t mac;
    uint8_t number[4];
    if (!get_hex64(branch.data + at, &key) || !get_hex64(branch.data + at + 24, &mac) ||
        !slice_from_hex(slice_make(branch.data + at + 16, 8), number, sizeof(number))) {
        return false;
    }
    uint32_t big_endian;
    memcpy(&big_endian, number, sizeof(big_endian));
    if (mac != token_mac(edge, TOKEN_BRANCH, key, __builtin_bswap32(big_endian))) {
        return false;
    }
    *call_key = key;
    return true;
}

/* The To tag of a stateless refusal: any worker, also after a restart, knows its ACK by it. The
 * texts go into the MAC as a hash: who found two with the same could have asked for either's tag.
 */
void token_tag_write(const struct edge *edge, struct slice branch, struct slice call_id,
                     struct slice from_tag, uint32_t cseq, char tag[TOKEN_TAG_SIZE])
{
    uint64_t hash;
    memcpy(&hash, edge->settings.mac_key + 16, sizeof(hash)); /* the half that no MAC uses */
    hash = hash_slice(hash, slice_head(branch, 120));
    hash = hash_slice(hash, slice_head(call_id, 200));
    hash = hash_slice(hash, slice_head(from_tag, 120));
    memcpy(tag, "dt", 2);
    put_hex64(tag + 2, token_mac(edge, TOKEN_TAG, hash, cseq));
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
    return token_mac(edge, side == SIDE_A ? TOKEN_ROUTE_A : TOKEN_ROUTE_B, call_key, 0);
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
