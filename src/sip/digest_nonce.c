#include "sip/digest_hash.h"

#include <assert.h>
#include <string.h>

/* A nonce in bytes: format, time, key id, random, MAC of all before it. 30 bytes are 40 characters
 * of base64url without padding. */
#define FORMAT 1
#define TIME_AT 1
#define KEY_ID_AT 5
#define RANDOM_AT 6
#define MAC_AT 14
#define NONCE_BYTES 30
_Static_assert(NONCE_BYTES * 4 / 3 == DIGEST_NONCE_SIZE, "a nonce fills its characters");

/* Wall clocks of machines that share a key differ by this much at most. */
#define SKEW_MAX_S 5

/* digest_window.nonce_hash: time in seconds modulo 2^20 (12 days), then a part of the random. */
#define ID_TIME_BITS 20
#define ID_RANDOM_BITS 12

static uint64_t rotated(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static uint64_t load_le64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

struct sip_state {
    uint64_t a, b, c, d;
};

/* Always inline: the state stays in registers. */
__attribute__((always_inline)) static inline void sip_round(struct sip_state *v)
{
    v->a += v->b;
    v->b = rotated(v->b, 13) ^ v->a;
    v->a = rotated(v->a, 32);
    v->c += v->d;
    v->d = rotated(v->d, 16) ^ v->c;
    v->a += v->d;
    v->d = rotated(v->d, 21) ^ v->a;
    v->c += v->b;
    v->b = rotated(v->b, 17) ^ v->c;
    v->c = rotated(v->c, 32);
}

/* SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed MAC for short inputs, a tenth of the cost of
 * an HMAC. The machine is little-endian, as all that we build for. */
static inline uint64_t siphash(const uint8_t key[16], const uint8_t *data, size_t size)
{
    uint64_t key_low = load_le64(key);
    uint64_t key_high = load_le64(key + 8);
    struct sip_state v = {
        key_low ^ UINT64_C(0x736f6d6570736575), key_high ^ UINT64_C(0x646f72616e646f6d),
        key_low ^ UINT64_C(0x6c7967656e657261), key_high ^ UINT64_C(0x7465646279746573)};
    size_t at = 0;
    for (; at + 8 <= size; at += 8) {
        uint64_t word = load_le64(data + at);
        v.d ^= word;
        sip_round(&v);
        sip_round(&v);
        v.a ^= word;
    }
    uint64_t last = (uint64_t)size << 56;
    if (size >= 8 && at < size) { /* what is left is the end of the last eight bytes */
        last |= load_le64(data + size - 8) >> (8 * (8 - (size - at)));
    } else {
        for (size_t i = 0; at + i < size; i++) {
            last |= (uint64_t)data[at + i] << (8 * i);
        }
    }
    v.d ^= last;
    sip_round(&v);
    sip_round(&v);
    v.a ^= last;
    v.c ^= 0xff;
    for (int i = 0; i < 4; i++) {
        sip_round(&v);
    }
    return v.a ^ v.b ^ v.c ^ v.d;
}

uint64_t digest_mac64(const uint8_t key[DIGEST_KEY_SIZE], const void *data, size_t size)
{
    return siphash(key, data, size);
}

uint64_t digest_mac64_pair(const uint8_t key[DIGEST_KEY_SIZE], uint64_t first, uint64_t second)
{
    uint64_t words[2] = {first, second};
    return siphash(key, (const uint8_t *)words, sizeof words);
}

/* Two MACs under two independent keys: the second is never shown elsewhere, so that what other uses
 * of the first let somebody see does not help to make a nonce. */
static void mac_make(const uint8_t key[DIGEST_KEY_SIZE], const uint8_t *nonce, uint8_t mac[16])
{
    uint64_t low = siphash(key, nonce, MAC_AT);
    uint64_t high = siphash(key + 16, nonce, MAC_AT);
    memcpy(mac, &low, 8);
    memcpy(mac + 8, &high, 8);
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void base64_write(const uint8_t bytes[NONCE_BYTES], char text[DIGEST_NONCE_SIZE])
{
    for (size_t i = 0; i < NONCE_BYTES / 3; i++) {
        const uint8_t *in = &bytes[3 * i];
        uint32_t group = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        text[4 * i] = alphabet[group >> 18];
        text[4 * i + 1] = alphabet[group >> 12 & 63];
        text[4 * i + 2] = alphabet[group >> 6 & 63];
        text[4 * i + 3] = alphabet[group & 63];
    }
}

#define NO_DIGIT (-1)

/* What a digit is worth, or NO_DIGIT. */
static const int8_t base64_values[256] = {[0 ... ','] = NO_DIGIT,
                                          ['.' ... '/'] = NO_DIGIT,
                                          [':' ... '@'] = NO_DIGIT,
                                          ['[' ... '^'] = NO_DIGIT,
                                          ['`'] = NO_DIGIT,
                                          ['{' ... 0xff] = NO_DIGIT,
                                          ['A'] = 0,
                                          ['B'] = 1,
                                          ['C'] = 2,
                                          ['D'] = 3,
                                          ['E'] = 4,
                                          ['F'] = 5,
                                          ['G'] = 6,
                                          ['H'] = 7,
                                          ['I'] = 8,
                                          ['J'] = 9,
                                          ['K'] = 10,
                                          ['L'] = 11,
                                          ['M'] = 12,
                                          ['N'] = 13,
                                          ['O'] = 14,
                                          ['P'] = 15,
                                          ['Q'] = 16,
                                          ['R'] = 17,
                                          ['S'] = 18,
                                          ['T'] = 19,
                                          ['U'] = 20,
                                          ['V'] = 21,
                                          ['W'] = 22,
                                          ['X'] = 23,
                                          ['Y'] = 24,
                                          ['Z'] = 25,
                                          ['a'] = 26,
                                          ['b'] = 27,
                                          ['c'] = 28,
                                          ['d'] = 29,
                                          ['e'] = 30,
                                          ['f'] = 31,
                                          ['g'] = 32,
                                          ['h'] = 33,
                                          ['i'] = 34,
                                          ['j'] = 35,
                                          ['k'] = 36,
                                          ['l'] = 37,
                                          ['m'] = 38,
                                          ['n'] = 39,
                                          ['o'] = 40,
                                          ['p'] = 41,
                                          ['q'] = 42,
                                          ['r'] = 43,
                                          ['s'] = 44,
                                          ['t'] = 45,
                                          ['u'] = 46,
                                          ['v'] = 47,
                                          ['w'] = 48,
                                          ['x'] = 49,
                                          ['y'] = 50,
                                          ['z'] = 51,
                                          ['0'] = 52,
                                          ['1'] = 53,
                                          ['2'] = 54,
                                          ['3'] = 55,
                                          ['4'] = 56,
                                          ['5'] = 57,
                                          ['6'] = 58,
                                          ['7'] = 59,
                                          ['8'] = 60,
                                          ['9'] = 61,
                                          ['-'] = 62,
                                          ['_'] = 63};

/* One byte more than a nonce has is written. */
static bool base64_read(struct slice text, uint8_t bytes[NONCE_BYTES + 1])
{
    if (text.size != DIGEST_NONCE_SIZE) {
        return false;
    }
    int32_t all = 0; /* negative as soon as one digit is none */
    for (size_t i = 0; i < NONCE_BYTES / 3; i++) {
        const uint8_t *digit = (const uint8_t *)&text.data[4 * i];
        int32_t group = base64_values[digit[0]] * (1 << 18) | base64_values[digit[1]] * (1 << 12) |
                        base64_values[digit[2]] * (1 << 6) | base64_values[digit[3]];
        uint32_t three = __builtin_bswap32((uint32_t)group << 8);
        all |= group;
        memcpy(&bytes[3 * i], &three, sizeof three);
    }
    return all >= 0;
}

void digest_nonce_write(struct digest_context *context, struct buf *out,
                        const struct digest_keys *keys, int64_t now_s, uint64_t random)
{
    (void)context;
    uint8_t bytes[NONCE_BYTES] = {FORMAT};
    uint32_t time_s = (uint32_t)now_s;
    memcpy(&bytes[TIME_AT], &time_s, sizeof time_s);
    bytes[KEY_ID_AT] = keys->key_id;
    memcpy(&bytes[RANDOM_AT], &random, sizeof random);
    mac_make(keys->current, bytes, &bytes[MAC_AT]);
    char text[DIGEST_NONCE_SIZE];
    base64_write(bytes, text);
    buf_put(out, text, sizeof text);
}

bool digest_nonce_read(struct slice text, const struct digest_keys *keys, int64_t now_s,
                       int64_t max_age_s, struct digest_nonce *out)
{
    uint8_t bytes[NONCE_BYTES + 1];
    if (!base64_read(text, bytes) || bytes[0] != FORMAT) {
        return false;
    }
    bool is_current = bytes[KEY_ID_AT] == keys->key_id;
    if (!is_current && bytes[KEY_ID_AT] != (uint8_t)(keys->key_id - 1)) {
        return false;
    }
    uint8_t mac[16];
    mac_make(is_current ? keys->current : keys->previous, bytes, mac);
    /* In constant time: how much of a forged MAC was right must not show. */
    uint64_t difference = (load_le64(mac) ^ load_le64(&bytes[MAC_AT])) |
                          (load_le64(mac + 8) ^ load_le64(&bytes[MAC_AT + 8]));
    uint32_t time_s;
    uint64_t random;
    memcpy(&time_s, &bytes[TIME_AT], sizeof time_s);
    memcpy(&random, &bytes[RANDOM_AT], sizeof random);
    int64_t age_s = (int32_t)((uint32_t)now_s - time_s);
    if (difference != 0 || age_s > max_age_s || age_s < -SKEW_MAX_S) {
        return false;
    }
    out->age_s = age_s < 0 ? 0 : age_s;
    uint32_t id = time_s << ID_RANDOM_BITS | (uint32_t)(random >> (64 - ID_RANDOM_BITS));
    out->id = id == 0 ? 1 : id; /* 0 is the empty window */
    return true;
}

bool digest_nonce_is_good(struct slice nonce, const struct digest_keys *keys, int64_t now_s,
                          int64_t max_age_s)
{
    struct digest_nonce unused;
    return digest_nonce_read(nonce, keys, now_s, max_age_s, &unused);
}

/* Would accepting this nonce step behind the one that the window is for? Then somebody may be
 * playing back what was said before. A window older than a nonce can be protects nothing. */
static bool is_behind(const struct digest_window *window, const struct digest_nonce *nonce,
                      int64_t now_s, int64_t max_age_s)
{
    const uint32_t time_mask = (UINT32_C(1) << ID_TIME_BITS) - 1;
    uint32_t window_time = window->nonce_hash >> ID_RANDOM_BITS;
    int64_t window_age_s = ((uint32_t)now_s - window_time) & time_mask;
    if (window->nonce_hash == 0 || window_age_s > max_age_s) {
        return false;
    }
    return nonce->age_s > window_age_s ||
           (nonce->age_s == window_age_s && nonce->id < window->nonce_hash);
}

bool digest_window_take(struct digest_window *window, const struct digest_nonce *nonce, uint32_t nc,
                        int64_t now_s, int64_t max_age_s)
{
    if (nc == 0) {
        return false;
    }
    if (window->nonce_hash != nonce->id) {
        if (is_behind(window, nonce, now_s, max_age_s)) {
            return false;
        }
        *window = (struct digest_window){.nonce_hash = nonce->id, .nc_high = nc, .seen = 1};
        return true;
    }
    if (nc > window->nc_high) {
        uint32_t step = nc - window->nc_high;
        window->seen = (step < 64 ? window->seen << step : 0) | 1;
        window->nc_high = nc;
        return true;
    }
    uint32_t back = window->nc_high - nc;
    if (back >= 64 || (window->seen >> back & 1) != 0) {
        return false;
    }
    window->seen |= UINT64_C(1) << back;
    return true;
}
