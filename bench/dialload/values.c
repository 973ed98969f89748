#include "dialload/values.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

bool value_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    char *end = NULL;
    unsigned long long value = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || text[0] == '-' || value < min || value > max) {
        return false;
    }
    *out = value;
    return true;
}

bool value_u32(const char *text, uint64_t min, uint64_t max, uint32_t *out)
{
    uint64_t value = 0;
    if (!value_number(text, min, max, &value)) {
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

bool value_time(const char *text, int64_t unit_us, int64_t *out_us)
{
    uint64_t value = 0;
    if (!value_number(text, 0, 86400000, &value)) {
        return false;
    }
    *out_us = (int64_t)value * unit_us;
    return true;
}

bool value_target(const char *text, struct sockaddr_storage *target, socklen_t *size)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    uint32_t port = 0;
    if (colon == NULL || (size_t)(colon - text) >= sizeof(host) ||
        !value_u32(colon + 1, 1, UINT16_MAX, &port)) {
        return false;
    }
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    size_t host_size = strlen(host);
    if (host_size > 1 && host[0] == '[' && host[host_size - 1] == ']') {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)target;
        *v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
        host[host_size - 1] = '\0';
        *size = sizeof(*v6);
        return inet_pton(AF_INET6, host + 1, &v6->sin6_addr) == 1;
    }
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)target;
    *v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    *size = sizeof(*v4);
    return inet_pton(AF_INET, host, &v4->sin_addr) == 1;
}
