#include "ua_net.h"

#include "base/clock.h"
#include "ua_sock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define AGENTS_MAX 512
#define CONNECTIONS_MAX 512
#define EFFECTS_MAX 2048
#define BLOCK_SIZE (4 << 20)
#define BATCH_MAX 64
#define RTP_EVERY_US 20000
#define RTP_SIZE 172 /* 12 bytes of header and 20 ms of G.711 */
#define STREAM_SIZE 131072

struct agent {
    struct ua *ua;
    int sip_fd; /* UDP, or the listening TCP socket */
    int rtp_fd; /* -1: no audio */
    struct ua_net_media media;
    uint16_t rtp_sequence;
};

struct connection {
    int fd; /* -1: free */
    int agent;
    uint32_t generation;
    bool is_connecting;
    struct ua_address peer;
    char *in, *out;
    size_t in_size, out_size;
};

struct ua_net {
    ua_net_listener *listener;
    void *ctx;
    struct agent agents[AGENTS_MAX];
    int agent_count;
    struct connection connections[CONNECTIONS_MAX];
    struct ua_effects effects;
    int64_t rtp_at_us;
    uint32_t generation;
    uint8_t tone[160];
};

/* 400 Hz square at 8 kHz, A-law: as good as a sine for seeing that audio goes through. */
static void tone_make(uint8_t *tone, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        tone[i] = (i / 10) % 2 ? 0x15 : 0x95;
    }
}

struct ua_net *ua_net_new(ua_net_listener *listener, void *ctx)
{
    struct ua_net *net = calloc(1, sizeof(*net));
    if (net == NULL) {
        return NULL;
    }
    net->listener = listener;
    net->ctx = ctx;
    net->effects = (struct ua_effects){.list = calloc(EFFECTS_MAX, sizeof(struct ua_effect)),
                                       .count_max = EFFECTS_MAX,
                                       .block = malloc(BLOCK_SIZE),
                                       .block_size = BLOCK_SIZE};
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        net->connections[i].fd = -1;
    }
    tone_make(net->tone, sizeof(net->tone));
    if (net->effects.list == NULL || net->effects.block == NULL) {
        ua_net_free(net);
        return NULL;
    }
    return net;
}

static void connection_drop(struct connection *connection)
{
    if (connection->fd >= 0) {
        close(connection->fd);
    }
    free(connection->in);
    free(connection->out);
    *connection = (struct connection){.fd = -1};
}

void ua_net_free(struct ua_net *net)
{
    if (net == NULL) {
        return;
    }
    for (int i = 0; i < net->agent_count; i++) {
        ua_free(net->agents[i].ua);
        close(net->agents[i].sip_fd);
        if (net->agents[i].rtp_fd >= 0) {
            close(net->agents[i].rtp_fd);
        }
    }
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        connection_drop(&net->connections[i]);
    }
    free(net->effects.list);
    free(net->effects.block);
    free(net);
}

int ua_net_add(struct ua_net *net, const struct ua_config *config, bool has_audio)
{
    if (net->agent_count == AGENTS_MAX) {
        return -1;
    }
    struct ua_config own = *config;
    struct agent *agent = &net->agents[net->agent_count];
    *agent = (struct agent){.sip_fd = -1, .rtp_fd = -1};
    agent->sip_fd = ua_sock_bind(&own.local);
    own.rtp_port = 9; /* discard: nobody listens */
    if (has_audio && agent->sip_fd >= 0) {
        struct ua_address rtp = own.local;
        rtp.port = 0;
        rtp.is_tcp = false;
        agent->rtp_fd = ua_sock_bind(&rtp);
        own.rtp_port = rtp.port;
    }
    agent->ua = agent->sip_fd >= 0 ? ua_new(&own) : NULL;
    if (agent->ua == NULL || (has_audio && agent->rtp_fd < 0)) {
        ua_free(agent->ua);
        close(agent->sip_fd);
        return -1;
    }
    return net->agent_count++;
}

int ua_net_count(const struct ua_net *net)
{
    return net->agent_count;
}

struct ua *ua_net_agent(struct ua_net *net, int agent)
{
    return net->agents[agent].ua;
}

const struct ua_net_media *ua_net_media(const struct ua_net *net, int agent)
{
    return &net->agents[agent].media;
}

struct ua_effects *ua_net_out(struct ua_net *net)
{
    return &net->effects;
}

static struct connection *connection_take(struct ua_net *net, int agent, int fd,
                                          const struct ua_address *peer)
{
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &net->connections[i];
        if (connection->fd >= 0) {
            continue;
        }
        *connection = (struct connection){.fd = fd,
                                          .agent = agent,
                                          .generation = ++net->generation,
                                          .peer = *peer,
                                          .in = malloc(STREAM_SIZE),
                                          .out = malloc(STREAM_SIZE)};
        if (connection->in != NULL && connection->out != NULL) {
            return connection;
        }
        connection_drop(connection);
        return NULL;
    }
    close(fd);
    return NULL;
}

static uint64_t connection_flow(const struct ua_net *net, const struct connection *connection)
{
    return ((uint64_t)connection->generation << 16) | (uint64_t)(connection - net->connections + 1);
}

static struct connection *connection_for(struct ua_net *net, int agent,
                                         const struct ua_effect *effect)
{
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &net->connections[i];
        if (connection->fd < 0 || connection->agent != agent) {
            continue;
        }
        bool is_it = effect->flow != 0 ? connection_flow(net, connection) == effect->flow
                                       : connection->peer.port == effect->to.port &&
                                             strcmp(connection->peer.host, effect->to.host) == 0;
        if (is_it) {
            return connection;
        }
    }
    int fd = ua_sock_connect(&effect->to);
    if (fd < 0) {
        return NULL;
    }
    struct connection *connection = connection_take(net, agent, fd, &effect->to);
    if (connection != NULL) {
        connection->is_connecting = true;
    }
    return connection;
}

static void connection_write(struct connection *connection)
{
    while (connection->out_size > 0) {
        ssize_t sent = send(connection->fd, connection->out, connection->out_size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        connection->out_size -= (size_t)sent;
        memmove(connection->out, connection->out + sent, connection->out_size);
    }
}

static void effect_send(struct ua_net *net, int agent, const struct ua_effect *effect)
{
    if (!effect->to.is_tcp) {
        ua_sock_send(net->agents[agent].sip_fd, effect->bytes, &effect->to);
        return;
    }
    struct connection *connection = connection_for(net, agent, effect);
    if (connection == NULL || connection->out_size + effect->bytes.size > STREAM_SIZE) {
        return;
    }
    memcpy(connection->out + connection->out_size, effect->bytes.data, effect->bytes.size);
    connection->out_size += effect->bytes.size;
    if (!connection->is_connecting) {
        connection_write(connection);
    }
}

/* Events are told after everything is sent and from a copy, because the listener may call again. */
void ua_net_flush(struct ua_net *net, int agent)
{
    struct ua_effects *out = &net->effects;
    struct ua_event events[BATCH_MAX];
    int event_count = 0;
    for (int i = 0; i < out->count; i++) {
        if (out->list[i].kind == UA_DO_SEND) {
            effect_send(net, agent, &out->list[i]);
        } else if (event_count < BATCH_MAX) {
            events[event_count++] = out->list[i].event;
        }
    }
    if (out->is_full) {
        fprintf(stderr, "user agent %d: something did not fit and was lost\n", agent);
    }
    ua_effects_clear(out);
    for (int i = 0; i < event_count; i++) {
        net->listener(net->ctx, agent, &events[i], clock_mono_us());
    }
}

static void udp_read(struct ua_net *net, int index)
{
    static char bytes[65536];
    for (int i = 0; i < BATCH_MAX; i++) {
        struct ua_address from;
        ssize_t size = ua_sock_receive(net->agents[index].sip_fd, bytes, sizeof(bytes), &from);
        if (size < 0) {
            return;
        }
        ua_feed(net->agents[index].ua, slice_make(bytes, (size_t)size), &from, 0, clock_mono_us(),
                &net->effects);
        ua_net_flush(net, index);
    }
}

static void rtp_read(struct agent *agent)
{
    char bytes[2048];
    struct ua_address from;
    for (int i = 0; i < BATCH_MAX; i++) {
        ssize_t size = ua_sock_receive(agent->rtp_fd, bytes, sizeof(bytes), &from);
        if (size < 0) {
            return;
        }
        bool is_rtp = size == RTP_SIZE && ((uint8_t)bytes[0] >> 6) == 2;
        agent->media.received += is_rtp;
        agent->media.bad += !is_rtp;
    }
}

static void accept_all(struct ua_net *net, int index)
{
    struct ua_address peer;
    int fd = ua_sock_accept(net->agents[index].sip_fd, &peer);
    while (fd >= 0) {
        (void)connection_take(net, index, fd, &peer);
        fd = ua_sock_accept(net->agents[index].sip_fd, &peer);
    }
}

static void connection_lost(struct ua_net *net, struct connection *connection)
{
    int agent = connection->agent;
    connection_drop(connection);
    ua_flow_lost(net->agents[agent].ua, clock_mono_us(), &net->effects);
    ua_net_flush(net, agent);
}

/* Cuts what came into messages; false: the stream cannot be followed. */
static bool stream_feed(struct ua_net *net, struct connection *connection)
{
    uint64_t flow = connection_flow(net, connection);
    size_t at = 0;
    for (;;) {
        size_t size = 0;
        struct slice rest = slice_make(connection->in + at, connection->in_size - at);
        enum sip_frame frame = sip_frame(rest, &size);
        if (frame == SIP_FRAME_BAD) {
            return false;
        }
        if (frame == SIP_FRAME_INCOMPLETE) {
            break;
        }
        if (frame == SIP_FRAME_MESSAGE) {
            ua_feed(net->agents[connection->agent].ua, slice_head(rest, size), &connection->peer,
                    flow, clock_mono_us(), &net->effects);
            ua_net_flush(net, connection->agent);
        }
        at += size;
    }
    connection->in_size -= at;
    memmove(connection->in, connection->in + at, connection->in_size);
    return true;
}

static void connection_work(struct ua_net *net, struct connection *connection, short events)
{
    if (connection->is_connecting) {
        if (!(events & (POLLOUT | POLLERR | POLLHUP))) {
            return;
        }
        if (!ua_sock_is_connected(connection->fd)) {
            connection_lost(net, connection);
            return;
        }
        connection->is_connecting = false;
    }
    connection_write(connection);
    if (!(events & (POLLIN | POLLERR | POLLHUP))) {
        return;
    }
    ssize_t size = recv(connection->fd, connection->in + connection->in_size,
                        STREAM_SIZE - connection->in_size, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (size > 0) {
        connection->in_size += (size_t)size;
    }
    if (size <= 0 || !stream_feed(net, connection)) {
        connection_lost(net, connection);
    }
}

static void rtp_send(struct ua_net *net, struct agent *agent)
{
    struct ua_media media;
    uint8_t packet[RTP_SIZE] = {0x80, 8};
    memcpy(packet + 12, net->tone, sizeof(net->tone));
    for (int call = ua_call_first(agent->ua, 0); call >= 0;
         call = ua_call_first(agent->ua, call + 1)) {
        if (!ua_call_media(agent->ua, call, &media) || !media.is_sending || media.port == 9) {
            continue;
        }
        uint32_t stamp = (uint32_t)agent->rtp_sequence * 160;
        packet[2] = (uint8_t)(agent->rtp_sequence >> 8);
        packet[3] = (uint8_t)agent->rtp_sequence;
        for (int i = 0; i < 4; i++) {
            packet[4 + i] = (uint8_t)(stamp >> (24 - 8 * i));
        }
        packet[10] = (uint8_t)(call >> 8); /* SSRC: a stream for each call */
        packet[11] = (uint8_t)call;
        struct ua_address to = {.port = media.port};
        memcpy(to.host, media.host, sizeof(to.host));
        ua_sock_send(agent->rtp_fd, slice_make((const char *)packet, sizeof(packet)), &to);
        agent->media.sent++;
    }
    agent->rtp_sequence++;
}

static bool has_talk_with_audio(const struct ua_net *net)
{
    for (int i = 0; i < net->agent_count; i++) {
        if (net->agents[i].rtp_fd >= 0 && ua_call_first(net->agents[i].ua, 0) >= 0) {
            return true;
        }
    }
    return false;
}

static void timers(struct ua_net *net)
{
    int64_t now_us = clock_mono_us();
    for (int i = 0; i < net->agent_count; i++) {
        if (ua_deadline(net->agents[i].ua) <= now_us) {
            ua_tick(net->agents[i].ua, now_us, &net->effects);
            ua_net_flush(net, i);
        }
    }
    if (net->rtp_at_us > now_us) {
        return;
    }
    for (int i = 0; i < net->agent_count; i++) {
        if (net->agents[i].rtp_fd >= 0) {
            rtp_send(net, &net->agents[i]);
        }
    }
    /* Late by more than a packet or two: go on from now instead of sending a burst. */
    net->rtp_at_us += RTP_EVERY_US;
    if (net->rtp_at_us < now_us - 2 * RTP_EVERY_US) {
        net->rtp_at_us = now_us + RTP_EVERY_US;
    }
}

static int64_t wait_until_us(const struct ua_net *net, int64_t until_us)
{
    for (int i = 0; i < net->agent_count; i++) {
        int64_t deadline_us = ua_deadline(net->agents[i].ua);
        until_us = deadline_us < until_us ? deadline_us : until_us;
    }
    if (has_talk_with_audio(net) && net->rtp_at_us < until_us) {
        until_us = net->rtp_at_us;
    }
    return until_us;
}

static int polls_make(const struct ua_net *net, struct pollfd *polls)
{
    int count = 0;
    for (int i = 0; i < net->agent_count; i++) {
        polls[count++] = (struct pollfd){.fd = net->agents[i].sip_fd, .events = POLLIN};
        polls[count++] = (struct pollfd){.fd = net->agents[i].rtp_fd, .events = POLLIN};
    }
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        const struct connection *connection = &net->connections[i];
        bool has_out = connection->is_connecting || connection->out_size > 0;
        polls[count++] = (struct pollfd){.fd = connection->fd,
                                         .events = (short)(has_out ? POLLIN | POLLOUT : POLLIN)};
    }
    return count;
}

bool ua_net_step(struct ua_net *net, int64_t until_us)
{
    static struct pollfd polls[2 * AGENTS_MAX + CONNECTIONS_MAX];
    timers(net);
    int count = polls_make(net, polls);
    int64_t wait_us = wait_until_us(net, until_us) - clock_mono_us();
    wait_us = wait_us < 0 ? 0 : wait_us;
    wait_us = wait_us > 1000000 ? 1000000 : wait_us;
    struct timespec wait = {.tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000};
    int ready = ppoll(polls, (nfds_t)count, &wait, NULL);
    if (ready < 0) {
        return false;
    }
    int agent_count = net->agent_count; /* as polled; the listener may add more */
    for (int i = 0; ready > 0 && i < agent_count; i++) {
        if (polls[2 * i].revents != 0) {
            if (ua_config(net->agents[i].ua)->local.is_tcp) {
                accept_all(net, i);
            } else {
                udp_read(net, i);
            }
        }
        if (polls[2 * i + 1].revents != 0) {
            rtp_read(&net->agents[i]);
        }
    }
    for (int i = 0; ready > 0 && i < CONNECTIONS_MAX; i++) {
        const struct pollfd *poll = &polls[2 * agent_count + i];
        if (poll->fd >= 0 && poll->revents != 0 && net->connections[i].fd == poll->fd) {
            connection_work(net, &net->connections[i], poll->revents);
        }
    }
    timers(net);
    return true;
}

uint16_t ua_net_free_port(const char *host)
{
    for (int i = 0; i < 100; i++) {
        struct ua_address udp = {.port = 0}, tcp = {.is_tcp = true};
        snprintf(udp.host, sizeof(udp.host), "%s", host);
        snprintf(tcp.host, sizeof(tcp.host), "%s", host);
        int udp_fd = ua_sock_bind(&udp);
        tcp.port = udp.port;
        int tcp_fd = udp_fd >= 0 ? ua_sock_bind(&tcp) : -1;
        bool is_free = tcp_fd >= 0;
        if (udp_fd >= 0) {
            close(udp_fd);
        }
        if (tcp_fd >= 0) {
            close(tcp_fd);
        }
        if (is_free) {
            return udp.port;
        }
    }
    return 0;
}
