/* crc32c.h - the checksum of hash.h without the processor's instruction; for its test. */
#ifndef DT_BASE_CRC32C_H
#define DT_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c_table(uint32_t before, const void *data, size_t size);

#endif
