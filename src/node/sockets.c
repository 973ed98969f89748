#include "node/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BUFFER (16 << 20)
#define BACKLOG 4096

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t make_address(const char *host, uint16_t port, union address *out)
{
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, host, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(port);
        return sizeof(out->v4);
    }
    if (inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(port);
        return sizeof(out->v6);
    }
    return 0;
}

static uint16_t bound_port(int fd)
{
    union address address;
    socklen_t size = sizeof(address);
    memset(&address, 0, sizeof(address));
    if (getsockname(fd, &address.any, &size) != 0) {
        return 0;
    }
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

static void set(int fd, int level, int name, int value)
{
    /* What the kernel does not grant (a larger buffer, say) is not worth stopping for. */
    int status = setsockopt(fd, level, name, &value, sizeof(value));
    (void)status;
}

static int bind_one(const char *host, uint16_t port, bool is_tcp)
{
    union address address;
    socklen_t size = make_address(host, port, &address);
    int fd = socket(address.any.sa_family,
                    (is_tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    if (address.any.sa_family == AF_INET6) {
        set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    }
    if (is_tcp) {
        set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    } else {
        set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
        set(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
        set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
        set(fd, address.any.sa_family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP,
            address.any.sa_family == AF_INET6 ? IPV6_RECVERR : IP_RECVERR, 1);
    }
    if (bind(fd, &address.any, size) != 0 || (is_tcp && listen(fd, BACKLOG) != 0)) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* SO_REUSEPORT would let a second installation share the port in silence: one plain bind first says
 * whether anybody is there. */
static bool is_free(const char *host, uint16_t port)
{
    union address address;
    socklen_t size = make_address(host, port, &address);
    int fd = socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    if (address.any.sa_family == AF_INET6) {
        set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    }
    bool is_bound = bind(fd, &address.any, size) == 0;
    int error = errno;
    close(fd);
    errno = error;
    return is_bound;
}

static void write_advertised(struct role_socket *socket, const struct config_listen *listen)
{
    if (listen->advertised[0] != '\0') {
        snprintf(socket->advertised, sizeof(socket->advertised), "%s", listen->advertised);
    } else {
        snprintf(socket->advertised, sizeof(socket->advertised),
                 strchr(listen->host, ':') != NULL ? "[%.50s]:%u" : "%.50s:%u", listen->host,
                 socket->port);
    }
}

static bool bind_listen(const struct config_listen *listen, uint8_t listener, int worker_count,
                        struct node_sockets *out)
{
    bool is_tcp = listen->transport == 1;
    uint16_t port = listen->port;
    if (!is_tcp && port != 0 && !is_free(listen->host, port)) {
        return false;
    }
    for (int worker = 0; worker < (is_tcp ? 1 : worker_count); worker++) {
        if (out->socket_count == ROLE_SOCKETS_MAX) {
            errno = EMFILE;
            return false;
        }
        int fd = bind_one(listen->host, port, is_tcp);
        if (fd < 0) {
            return false;
        }
        port = bound_port(fd);
        struct role_socket *socket = &out->sockets[out->socket_count++];
        memset(socket, 0, sizeof(*socket));
        socket->fd = fd;
        socket->transport = listen->transport;
        socket->listener = listener;
        socket->worker = (uint16_t)worker;
        socket->port = port;
        snprintf(socket->host, sizeof(socket->host), "%s", listen->host);
        write_advertised(socket, listen);
    }
    return true;
}

static bool bind_http(const char *text, struct node_sockets *out)
{
    char with_scheme[CONFIG_ADDRESS_SIZE + 8];
    struct config_listen listen;
    snprintf(with_scheme, sizeof(with_scheme), "tcp:%s", text);
    if (!config_listen_parse(with_scheme, &listen)) {
        errno = EINVAL;
        return false;
    }
    out->http_fd = bind_one(listen.host, listen.port, true);
    if (out->http_fd < 0) {
        return false;
    }
    snprintf(out->http, sizeof(out->http), strchr(listen.host, ':') != NULL ? "[%s]:%u" : "%s:%u",
             listen.host, bound_port(out->http_fd));
    return true;
}

bool sockets_bind(const struct node_config *config, int worker_count, struct node_sockets *out,
                  char *error, size_t error_size)
{
    memset(out, 0, sizeof(*out));
    out->http_fd = -1;
    for (int i = 0; i < config->listen_count; i++) {
        const struct config_listen *listen = &config->listen[i];
        if (!bind_listen(listen, (uint8_t)i, worker_count, out)) {
            snprintf(error, error_size, "cannot listen on %s:%s port %u: %s%s",
                     listen->transport == 1 ? "tcp" : "udp", listen->host, listen->port,
                     strerror(errno),
                     errno == EADDRINUSE ? " (is another program running there?)" : "");
            sockets_close(out);
            return false;
        }
    }
    if (!bind_http(config->http, out)) {
        snprintf(error, error_size, "cannot listen for HTTP on %s: %s", config->http,
                 strerror(errno));
        sockets_close(out);
        return false;
    }
    return true;
}

void sockets_close(struct node_sockets *sockets)
{
    for (int i = 0; i < sockets->socket_count; i++) {
        close(sockets->sockets[i].fd);
    }
    if (sockets->http_fd >= 0) {
        close(sockets->http_fd);
    }
    sockets->socket_count = 0;
    sockets->http_fd = -1;
}
