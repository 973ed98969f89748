#include "base/hash.h"

#include "base/crc32c.h"

#include <string.h>

/* Four bits at a time: 16 entries of the reflected polynomial 0x82F63B78. The table serves only
 * processors without the instruction, so small is better than fast. */
static const uint32_t nibbles[16] = {
    0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1, 0x417B1DBC, 0x5125DAD3, 0x61C69362, 0x7198540D,
    0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9, 0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75,
};

uint32_t crc32c_table(uint32_t before, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint32_t crc = ~before;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        crc = crc >> 4 ^ nibbles[crc & 15];
        crc = crc >> 4 ^ nibbles[crc & 15];
    }
    return ~crc;
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t before, const void *data,
                                                               size_t size)
{
    const uint8_t *bytes = data;
    uint64_t crc = (uint32_t)~before;
    for (; size >= sizeof(uint64_t); size -= sizeof(uint64_t), bytes += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, bytes, sizeof(word));
        crc = __builtin_ia32_crc32di(crc, word);
    }
    uint32_t rest = (uint32_t)crc;
    for (; size > 0; size--, bytes++) {
        rest = __builtin_ia32_crc32qi(rest, *bytes);
    }
    return ~rest;
}

uint32_t crc32c(uint32_t before, const void *data, size_t size)
{
    if (__builtin_cpu_supports("sse4.2")) {
        return crc32c_sse42(before, data, size);
    }
    return crc32c_table(before, data, size);
}

#else

uint32_t crc32c(uint32_t before, const void *data, size_t size)
{
    return crc32c_table(before, data, size);
}

#endif
