/* address.h - IPv4 and IPv6 addresses in one shape: 16 bytes, IPv4 as ::ffff:a.b.c.d (RFC 4291
 * 2.5.5.2). No ports, no names.
 */
#ifndef DT_BASE_ADDRESS_H
#define DT_BASE_ADDRESS_H

#include "base/attr.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ADDRESS_SIZE 16
#define ADDRESS_IPV4_AT 12   /* where the four bytes begin */
#define ADDRESS_TEXT_SIZE 48 /* the longest text with its NUL fits */

static inline bool address_is_ipv4(const uint8_t address[ADDRESS_SIZE])
{
    static const uint8_t mapped[ADDRESS_IPV4_AT] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return memcmp(address, mapped, sizeof(mapped)) == 0;
}

/* four: the bytes in network order. */
static inline void address_from_ipv4(uint8_t address[ADDRESS_SIZE], const void *four)
{
    memset(address, 0, 10);
    address[10] = address[11] = 0xff;
    memcpy(address + ADDRESS_IPV4_AT, four, 4);
}

/* Dotted IPv4, or IPv6 with or without brackets. False: it is neither, and `address` is untouched.
 */
MUST_CHECK bool address_parse(struct slice text, uint8_t address[ADDRESS_SIZE]);

/* Without brackets. The answer is a view of `text`, which is ended by NUL as well. */
struct slice address_write(const uint8_t address[ADDRESS_SIZE], char text[ADDRESS_TEXT_SIZE]);

#endif
