#include "dns_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER_SIZE 12
#define PACKET_SIZE 1232

/* The question's name as text; returns where its type stands, or 0. */
static size_t read_name(const uint8_t *packet, size_t size, char out[256])
{
    size_t at = HEADER_SIZE;
    size_t length = 0;
    while (at < size && packet[at] != 0) {
        size_t label = packet[at++];
        if (label > 63 || at + label >= size || length + label + 2 > 256) {
            return 0;
        }
        if (length > 0) {
            out[length++] = '.';
        }
        memcpy(out + length, packet + at, label);
        length += label;
        at += label;
    }
    out[length] = '\0';
    return at + 5 <= size ? at + 1 : 0;
}

static void put_u16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static size_t put_row(uint8_t *at, const struct dns_row *row)
{
    static const uint8_t pointer[2] = {0xc0, HEADER_SIZE}; /* to the name in the question */
    memcpy(at, pointer, 2);
    put_u16(at + 2, (size_t)row->type);
    put_u16(at + 4, 1);
    put_u16(at + 6, row->ttl_s >> 16);
    put_u16(at + 8, row->ttl_s & 0xffff);
    put_u16(at + 10, row->rdata_size);
    memcpy(at + 12, row->rdata, row->rdata_size);
    return 12 + row->rdata_size;
}

/* Makes the answer in place of the question; 0: none is sent. */
static size_t answer(struct dns_server *server, uint8_t *packet, size_t size)
{
    char name[256];
    size_t at = size < HEADER_SIZE ? 0 : read_name(packet, size, name);
    if (at == 0 || server->mood == DNS_SILENT) {
        return 0;
    }
    int type = packet[at] << 8 | packet[at + 1];
    size_t end = at + 4;
    size_t count = 0;
    int is_known = 0;
    server->count++;
    server->srv_count += type == DNS_SRV || type == DNS_NAPTR;
    for (int i = 0; i < server->row_count && server->mood == DNS_WELL; i++) {
        const struct dns_row *row = &server->rows[i];
        if (strcasecmp(row->name, name) == 0) {
            is_known = 1;
            if ((int)row->type == type && end + 12 + row->rdata_size <= PACKET_SIZE) {
                end += put_row(packet + end, row);
                count++;
            }
        }
    }
    packet[2] = 0x81;
    packet[3] = (uint8_t)(0x80 | (server->mood == DNS_FAILS ? 2 : is_known ? 0 : 3));
    put_u16(packet + 4, 1);
    put_u16(packet + 6, count);
    memset(packet + 8, 0, 4);
    return end;
}

static void *serve(void *argument)
{
    struct dns_server *server = argument;
    while (!atomic_load(&server->is_stopping)) {
        uint8_t packet[PACKET_SIZE];
        struct sockaddr_in from;
        socklen_t from_size = sizeof(from);
        struct pollfd fd = {.fd = server->fd, .events = POLLIN};
        if (poll(&fd, 1, 50) != 1) {
            continue;
        }
        ssize_t size = recvfrom(server->fd, packet, sizeof(packet), 0,
                                (struct sockaddr *)(void *)&from, &from_size);
        pthread_mutex_lock(&server->lock);
        size_t out = size > 0 ? answer(server, packet, (size_t)size) : 0;
        pthread_mutex_unlock(&server->lock);
        if (out > 0) {
            (void)!sendto(server->fd, packet, out, 0, (struct sockaddr *)(void *)&from, from_size);
        }
    }
    return NULL;
}

void dns_server_start(struct dns_server *server)
{
    memset(server, 0, sizeof(*server));
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);
    server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert(server->fd >= 0);
    int status = bind(server->fd, (struct sockaddr *)(void *)&at, size);
    assert(status == 0);
    status = getsockname(server->fd, (struct sockaddr *)(void *)&at, &size);
    assert(status == 0);
    snprintf(server->address, sizeof(server->address), "127.0.0.1@%u",
             (unsigned)ntohs(at.sin_port));
    pthread_mutex_init(&server->lock, NULL);
    status = pthread_create(&server->thread, NULL, serve, server);
    assert(status == 0);
}

void dns_server_stop(struct dns_server *server)
{
    atomic_store(&server->is_stopping, true);
    pthread_join(server->thread, NULL);
    pthread_mutex_destroy(&server->lock);
    close(server->fd);
}

void dns_server_set(struct dns_server *server, enum dns_mood mood, const struct dns_row *rows,
                    int row_count)
{
    assert(row_count <= DNS_ROWS_MAX);
    pthread_mutex_lock(&server->lock);
    server->mood = mood;
    server->row_count = row_count;
    memcpy(server->rows, rows, (size_t)row_count * sizeof(*rows));
    pthread_mutex_unlock(&server->lock);
}

int dns_server_srv_count(struct dns_server *server)
{
    pthread_mutex_lock(&server->lock);
    int count = server->srv_count;
    pthread_mutex_unlock(&server->lock);
    return count;
}

int dns_server_count(struct dns_server *server)
{
    pthread_mutex_lock(&server->lock);
    int count = server->count;
    pthread_mutex_unlock(&server->lock);
    return count;
}
