#include "node/sockets.h"

#include "node/sockets_class.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* Beyond what the kernel allows everybody (net.core.rmem_max), where it lets us. */
static void set_buffer(int fd, int size)
{
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0) {
        set(fd, SOL_SOCKET, SO_RCVBUF, size);
    }
}

/* buffer_size: of a UDP socket; a TCP one listens, its connections have the kernel's. */
static int bind_one(const char *host, uint16_t port, bool is_tcp, int buffer_size)
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
        set_buffer(fd, buffer_size);
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

static struct role_socket *add_socket(struct node_sockets *out, int fd,
                                      const struct config_listen *listen, uint8_t listener)
{
    struct role_socket *socket = &out->sockets[out->socket_count++];
    memset(socket, 0, sizeof(*socket));
    socket->fd = fd;
    socket->transport = listen->transport;
    socket->listener = listener;
    socket->port = bound_port(fd);
    snprintf(socket->host, sizeof(socket->host), "%s", listen->host);
    write_advertised(socket, listen);
    return socket;
}

/* The group of one address: its order is what the kernel's program counts by. All are bound before
 * the program is attached, and none is ever closed alone: the kernel would move the last one into
 * its place. False: errno says why, and what was bound is in `out`. */
static bool bind_group(const struct config_listen *listen, uint8_t listener, int class_count,
                       int worker_count, struct node_sockets *out)
{
    uint16_t port = listen->port;
    if (out->socket_count + class_count * worker_count > ROLE_SOCKETS_MAX) {
        errno = EMFILE;
        return false;
    }
    for (int class = 0; class < class_count; class ++) {
        for (int worker = 0; worker < worker_count; worker++) {
            int fd =
                bind_one(listen->host, port, false, socket_class_buffer((enum socket_class) class));
            if (fd < 0) {
                return false;
            }
            struct role_socket *socket = add_socket(out, fd, listen, listener);
            socket->class_index = (uint8_t) class;
            socket->worker = (uint16_t)worker;
            port = socket->port;
        }
    }
    return true;
}

static bool bind_udp(const struct config_listen *listen, uint8_t listener, int worker_count,
                     struct node_sockets *out)
{
    if (listen->port != 0 && !is_free(listen->host, listen->port)) {
        return false;
    }
    int first = out->socket_count;
    if (!bind_group(listen, listener, SOCKET_CLASS_COUNT, worker_count, out)) {
        return false;
    }
    if (socket_class_attach(out->sockets[first].fd, strchr(listen->host, ':') != NULL,
                            worker_count)) {
        return true;
    }
    /* One socket a worker, and the kernel's own hash: everything works, but a flood of one kind
     * delays the others. */
    snprintf(out->class_error, sizeof(out->class_error), "%s", strerror(errno));
    while (out->socket_count > first) {
        close(out->sockets[--out->socket_count].fd);
    }
    return bind_group(listen, listener, 1, worker_count, out);
}

static bool bind_listen(const struct config_listen *listen, uint8_t listener, int worker_count,
                        struct node_sockets *out)
{
    if (listen->transport != 1) {
        return bind_udp(listen, listener, worker_count, out);
    }
    if (out->socket_count == ROLE_SOCKETS_MAX) {
        errno = EMFILE;
        return false;
    }
    int fd = bind_one(listen->host, listen->port, true, 0);
    if (fd < 0) {
        return false;
    }
    (void)add_socket(out, fd, listen, listener);
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
    out->http_fd = bind_one(listen.host, listen.port, true, 0);
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
