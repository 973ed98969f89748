#include "ua_sock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union any_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t address_make(const struct ua_address *address, union any_address *out)
{
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, address->host, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(address->port);
        return sizeof(out->v4);
    }
    if (inet_pton(AF_INET6, address->host, &out->v6.sin6_addr) == 1) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(address->port);
        return sizeof(out->v6);
    }
    return 0;
}

static void address_read(const union any_address *in, struct ua_address *out)
{
    if (in->any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &in->v6.sin6_addr, out->host, sizeof(out->host));
        out->port = ntohs(in->v6.sin6_port);
    } else {
        inet_ntop(AF_INET, &in->v4.sin_addr, out->host, sizeof(out->host));
        out->port = ntohs(in->v4.sin_port);
    }
}

static int socket_make(const struct ua_address *address, union any_address *where, socklen_t *size)
{
    *size = address_make(address, where);
    if (*size == 0) {
        return -1;
    }
    int kind = address->is_tcp ? SOCK_STREAM : SOCK_DGRAM;
    int fd = socket(where->any.sa_family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    if (fd >= 0 && address->is_tcp) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    }
    return fd;
}

int ua_sock_bind(struct ua_address *address)
{
    union any_address where;
    socklen_t size;
    int fd = socket_make(address, &where, &size);
    if (fd < 0) {
        return -1;
    }
    int room = 1 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
    if (bind(fd, &where.any, size) != 0 || (address->is_tcp && listen(fd, 64) != 0) ||
        getsockname(fd, &where.any, &size) != 0) {
        close(fd);
        return -1;
    }
    address_read(&where, address);
    return fd;
}

int ua_sock_connect(const struct ua_address *address)
{
    union any_address where;
    socklen_t size;
    int fd = socket_make(address, &where, &size);
    if (fd >= 0) {
        (void)connect(fd, &where.any, size); /* how it went shows when it is writable */
    }
    return fd;
}

bool ua_sock_is_connected(int fd)
{
    int error = 0;
    socklen_t size = sizeof(error);
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

int ua_sock_accept(int fd, struct ua_address *peer)
{
    union any_address where = {0};
    socklen_t size = sizeof(where);
    int accepted = accept4(fd, &where.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted >= 0) {
        *peer = (struct ua_address){.is_tcp = true};
        address_read(&where, peer);
    }
    return accepted;
}

void ua_sock_send(int fd, struct slice bytes, const struct ua_address *to)
{
    union any_address where;
    socklen_t size = address_make(to, &where);
    if (size > 0) {
        (void)sendto(fd, bytes.data, bytes.size, MSG_NOSIGNAL, &where.any, size);
    }
}

ssize_t ua_sock_receive(int fd, char *bytes, size_t size, struct ua_address *from)
{
    union any_address where = {0};
    socklen_t where_size = sizeof(where);
    ssize_t got = recvfrom(fd, bytes, size, 0, &where.any, &where_size);
    if (got >= 0) {
        *from = (struct ua_address){0};
        address_read(&where, from);
    }
    return got;
}
