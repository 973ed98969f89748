#include "sip/md5.h"

#include <string.h>

#define BLOCK_SIZE 64
#define LENGTH_AT 56

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are taken as they lie in memory");

struct state {
    uint32_t a, b, c, d;
};

/* The four functions of RFC 1321 3.4. In the second the two halves never have a bit in common, so
 * they are added, and the one that does not wait for b is added early. */
#define F1(b, c, d) ((d) ^ ((b) & ((c) ^ (d))))
#define F3(b, c, d) ((b) ^ (c) ^ (d))
#define F4(b, c, d) ((c) ^ ((b) | ~(d)))

#define ROTATED(value, bits) ((value) << (bits) | (value) >> (32 - (bits)))
#define ROUND(F, a, b, c, d, at, bits, add)                                                        \
    a += words[at] + UINT32_C(add) + F(b, c, d);                                                   \
    a = ROTATED(a, bits) + b
#define ROUND2(a, b, c, d, at, bits, add)                                                          \
    a += words[at] + UINT32_C(add) + (~(d) & (c));                                                 \
    a += (d) & (b);                                                                                \
    a = ROTATED(a, bits) + b

static void block_take(struct state *state, const char *block)
{
    uint32_t words[16];
    memcpy(words, block, BLOCK_SIZE);
    uint32_t a = state->a;
    uint32_t b = state->b;
    uint32_t c = state->c;
    uint32_t d = state->d;
    ROUND(F1, a, b, c, d, 0, 7, 0xd76aa478);
    ROUND(F1, d, a, b, c, 1, 12, 0xe8c7b756);
    ROUND(F1, c, d, a, b, 2, 17, 0x242070db);
    ROUND(F1, b, c, d, a, 3, 22, 0xc1bdceee);
    ROUND(F1, a, b, c, d, 4, 7, 0xf57c0faf);
    ROUND(F1, d, a, b, c, 5, 12, 0x4787c62a);
    ROUND(F1, c, d, a, b, 6, 17, 0xa8304613);
    ROUND(F1, b, c, d, a, 7, 22, 0xfd469501);
    ROUND(F1, a, b, c, d, 8, 7, 0x698098d8);
    ROUND(F1, d, a, b, c, 9, 12, 0x8b44f7af);
    ROUND(F1, c, d, a, b, 10, 17, 0xffff5bb1);
    ROUND(F1, b, c, d, a, 11, 22, 0x895cd7be);
    ROUND(F1, a, b, c, d, 12, 7, 0x6b901122);
    ROUND(F1, d, a, b, c, 13, 12, 0xfd987193);
    ROUND(F1, c, d, a, b, 14, 17, 0xa679438e);
    ROUND(F1, b, c, d, a, 15, 22, 0x49b40821);
    ROUND2(a, b, c, d, 1, 5, 0xf61e2562);
    ROUND2(d, a, b, c, 6, 9, 0xc040b340);
    ROUND2(c, d, a, b, 11, 14, 0x265e5a51);
    ROUND2(b, c, d, a, 0, 20, 0xe9b6c7aa);
    ROUND2(a, b, c, d, 5, 5, 0xd62f105d);
    ROUND2(d, a, b, c, 10, 9, 0x02441453);
    ROUND2(c, d, a, b, 15, 14, 0xd8a1e681);
    ROUND2(b, c, d, a, 4, 20, 0xe7d3fbc8);
    ROUND2(a, b, c, d, 9, 5, 0x21e1cde6);
    ROUND2(d, a, b, c, 14, 9, 0xc33707d6);
    ROUND2(c, d, a, b, 3, 14, 0xf4d50d87);
    ROUND2(b, c, d, a, 8, 20, 0x455a14ed);
    ROUND2(a, b, c, d, 13, 5, 0xa9e3e905);
    ROUND2(d, a, b, c, 2, 9, 0xfcefa3f8);
    ROUND2(c, d, a, b, 7, 14, 0x676f02d9);
    ROUND2(b, c, d, a, 12, 20, 0x8d2a4c8a);
    ROUND(F3, a, b, c, d, 5, 4, 0xfffa3942);
    ROUND(F3, d, a, b, c, 8, 11, 0x8771f681);
    ROUND(F3, c, d, a, b, 11, 16, 0x6d9d6122);
    ROUND(F3, b, c, d, a, 14, 23, 0xfde5380c);
    ROUND(F3, a, b, c, d, 1, 4, 0xa4beea44);
    ROUND(F3, d, a, b, c, 4, 11, 0x4bdecfa9);
    ROUND(F3, c, d, a, b, 7, 16, 0xf6bb4b60);
    ROUND(F3, b, c, d, a, 10, 23, 0xbebfbc70);
    ROUND(F3, a, b, c, d, 13, 4, 0x289b7ec6);
    ROUND(F3, d, a, b, c, 0, 11, 0xeaa127fa);
    ROUND(F3, c, d, a, b, 3, 16, 0xd4ef3085);
    ROUND(F3, b, c, d, a, 6, 23, 0x04881d05);
    ROUND(F3, a, b, c, d, 9, 4, 0xd9d4d039);
    ROUND(F3, d, a, b, c, 12, 11, 0xe6db99e5);
    ROUND(F3, c, d, a, b, 15, 16, 0x1fa27cf8);
    ROUND(F3, b, c, d, a, 2, 23, 0xc4ac5665);
    ROUND(F4, a, b, c, d, 0, 6, 0xf4292244);
    ROUND(F4, d, a, b, c, 7, 10, 0x432aff97);
    ROUND(F4, c, d, a, b, 14, 15, 0xab9423a7);
    ROUND(F4, b, c, d, a, 5, 21, 0xfc93a039);
    ROUND(F4, a, b, c, d, 12, 6, 0x655b59c3);
    ROUND(F4, d, a, b, c, 3, 10, 0x8f0ccc92);
    ROUND(F4, c, d, a, b, 10, 15, 0xffeff47d);
    ROUND(F4, b, c, d, a, 1, 21, 0x85845dd1);
    ROUND(F4, a, b, c, d, 8, 6, 0x6fa87e4f);
    ROUND(F4, d, a, b, c, 15, 10, 0xfe2ce6e0);
    ROUND(F4, c, d, a, b, 6, 15, 0xa3014314);
    ROUND(F4, b, c, d, a, 13, 21, 0x4e0811a1);
    ROUND(F4, a, b, c, d, 4, 6, 0xf7537e82);
    ROUND(F4, d, a, b, c, 11, 10, 0xbd3af235);
    ROUND(F4, c, d, a, b, 2, 15, 0x2ad7d2bb);
    ROUND(F4, b, c, d, a, 9, 21, 0xeb86d391);
    state->a += a;
    state->b += b;
    state->c += c;
    state->d += d;
}

void md5_parts(const struct slice *parts, size_t part_count, uint8_t out[MD5_SIZE])
{
    struct state state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    char block[BLOCK_SIZE];
    size_t filled = 0;
    uint64_t bit_count = 0;
    for (size_t i = 0; i < part_count; i++) {
        struct slice part = parts[i];
        bit_count += (uint64_t)part.size * 8;
        while (part.size > 0) {
            size_t left = BLOCK_SIZE - filled;
            size_t size = part.size < left ? part.size : left;
            memcpy(block + filled, part.data, size);
            filled += size;
            part = slice_skip(part, size);
            if (filled == BLOCK_SIZE) {
                block_take(&state, block);
                filled = 0;
            }
        }
    }
    block[filled++] = (char)0x80;
    if (filled > LENGTH_AT) {
        memset(block + filled, 0, BLOCK_SIZE - filled);
        block_take(&state, block);
        filled = 0;
    }
    memset(block + filled, 0, LENGTH_AT - filled);
    memcpy(block + LENGTH_AT, &bit_count, sizeof(bit_count));
    block_take(&state, block);
    memcpy(out, &state, MD5_SIZE);
}
