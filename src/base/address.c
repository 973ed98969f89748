#include "base/address.h"

#include <arpa/inet.h>

bool address_parse(struct slice text, uint8_t address[ADDRESS_SIZE])
{
    char host[ADDRESS_TEXT_SIZE];
    uint8_t got[ADDRESS_SIZE];
    bool has_brackets = text.size >= 2 && text.data[0] == '[' && text.data[text.size - 1] == ']';
    if (has_brackets) {
        text = slice_make(text.data + 1, text.size - 2);
    }
    if (text.size == 0 || memchr(text.data, '\0', text.size) != NULL ||
        !slice_copy_text(text, host, sizeof(host))) {
        return false;
    }
    if (!has_brackets && inet_pton(AF_INET, host, got) == 1) {
        address_from_ipv4(address, got);
        return true;
    }
    if (inet_pton(AF_INET6, host, got) != 1) {
        return false;
    }
    memcpy(address, got, sizeof(got));
    return true;
}

static char *octet_write(char *at, unsigned value)
{
    if (value >= 100) {
        *at++ = (char)('0' + value / 100);
    }
    if (value >= 10) {
        *at++ = (char)('0' + value / 10 % 10);
    }
    *at++ = (char)('0' + value % 10);
    return at;
}

struct slice address_write(const uint8_t address[ADDRESS_SIZE], char text[ADDRESS_TEXT_SIZE])
{
    if (!address_is_ipv4(address)) {
        return slice_from_text(inet_ntop(AF_INET6, address, text, ADDRESS_TEXT_SIZE));
    }
    char *at = text; /* without sprintf: each answer has one */
    for (int i = ADDRESS_IPV4_AT; i < ADDRESS_SIZE; i++) {
        at = octet_write(at, address[i]);
        *at++ = '.';
    }
    *--at = '\0';
    return slice_make(text, (size_t)(at - text));
}
