#include "account/acl.h"

#include "base/address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define IPV4_BITS_BEFORE 96 /* of ::ffff:0:0/96, RFC 4291 2.5.5.2 */
#define ADDRESS_BITS 128

bool trunk_acl_parse(struct slice text, struct trunk_acl *out)
{
    struct slice bits_text = text;
    bool has_bits = slice_find(text, '/') != text.size;
    struct slice address_text = slice_split(&bits_text, '/');
    char host[INET6_ADDRSTRLEN];
    if (address_text.size == 0 || memchr(address_text.data, '\0', address_text.size) != NULL ||
        !slice_copy_text(address_text, host, sizeof(host))) {
        return false;
    }
    struct trunk_acl got = {0};
    uint64_t bits_max = ADDRESS_BITS;
    uint64_t bits_before = 0;
    uint8_t four[4];
    if (inet_pton(AF_INET, host, four) == 1) {
        address_from_ipv4(got.address, four);
        bits_before = IPV4_BITS_BEFORE;
        bits_max = ADDRESS_BITS - IPV4_BITS_BEFORE;
    } else if (inet_pton(AF_INET6, host, got.address) != 1) {
        return false;
    }
    uint64_t bits = bits_max;
    if (has_bits && !slice_to_u64(bits_text, bits_max, &bits)) {
        return false;
    }
    got.prefix_bits = (uint8_t)(bits_before + bits);
    *out = got;
    return true;
}

void trunk_acl_write(struct buf *out, const struct trunk_acl *acl)
{
    char text[INET6_ADDRSTRLEN] = "";
    bool is_ipv4 = acl->prefix_bits >= IPV4_BITS_BEFORE && address_is_ipv4(acl->address);
    /* A network of all IPv4 and more is written as the IPv6 that it is. */
    inet_ntop(is_ipv4 ? AF_INET : AF_INET6, acl->address + (is_ipv4 ? ADDRESS_IPV4_AT : 0), text,
              sizeof(text));
    buf_text(out, text);
    if (acl->prefix_bits < ADDRESS_BITS) {
        buf_char(out, '/');
        buf_u64(out, (uint64_t)(acl->prefix_bits - (is_ipv4 ? IPV4_BITS_BEFORE : 0)));
    }
}

void acl_mask(uint8_t address[16], uint8_t prefix_bits)
{
    for (int i = 0; i < 16; i++) {
        int bits = prefix_bits - i * 8;
        if (bits <= 0) {
            address[i] = 0;
        } else if (bits < 8) {
            address[i] &= (uint8_t)(0xff << (8 - bits));
        }
    }
}

/* Longest prefixes first, so that the networks of one length stand together. */
static int network_compare(const struct acl_entry *a, const struct acl_entry *b)
{
    if (a->prefix_bits != b->prefix_bits) {
        return a->prefix_bits > b->prefix_bits ? -1 : 1;
    }
    return memcmp(a->address, b->address, sizeof(a->address));
}

static int entry_compare(const void *left, const void *right)
{
    const struct acl_entry *a = left;
    const struct acl_entry *b = right;
    int order = network_compare(a, b);
    if (order != 0) {
        return order;
    }
    if (a->is_disabled != b->is_disabled) {
        return a->is_disabled ? 1 : -1;
    }
    return (a->trunk_index > b->trunk_index) - (a->trunk_index < b->trunk_index);
}

void acl_sort(struct acl_entry *entries, uint32_t count)
{
    if (count > 0) {
        qsort(entries, count, sizeof(*entries), entry_compare);
    }
}

/* Index of the first entry from `from` that does not come before the network looked for. */
static uint32_t lower_bound(const struct acl_entry *entries, uint32_t from, uint32_t count,
                            const struct acl_entry *wanted)
{
    uint32_t low = from;
    uint32_t high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (network_compare(&entries[middle], wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct acl_entry *acl_find(const struct acl_entry *entries, uint32_t count,
                                 const uint8_t address[16])
{
    uint32_t at = 0;
    while (at < count) {
        struct acl_entry wanted = {.prefix_bits = entries[at].prefix_bits};
        memcpy(wanted.address, address, sizeof(wanted.address));
        acl_mask(wanted.address, wanted.prefix_bits);
        at = lower_bound(entries, at, count, &wanted);
        if (at < count && network_compare(&entries[at], &wanted) == 0) {
            return &entries[at];
        }
        /* On to the next shorter length. */
        memset(wanted.address, 0xff, sizeof(wanted.address));
        at = lower_bound(entries, at, count, &wanted);
        while (at < count && entries[at].prefix_bits == wanted.prefix_bits) {
            at++;
        }
    }
    return NULL;
}
