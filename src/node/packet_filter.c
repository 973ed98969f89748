#include "node/packet_filter.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static void add(struct packet_filter *filter, struct sock_filter step)
{
    if (filter->count == PACKET_FILTER_MAX) {
        filter->is_full = true;
        return;
    }
    filter->steps[filter->count++] = step;
}

void filter_step(struct packet_filter *filter, unsigned code, uint32_t value)
{
    add(filter, (struct sock_filter)BPF_STMT((unsigned short)code, value));
}

void filter_jump(struct packet_filter *filter, unsigned how, uint32_t value, size_t yes, size_t no)
{
    if (yes > UINT8_MAX || no > UINT8_MAX) {
        filter->is_full = true;
        return;
    }
    add(filter, (struct sock_filter)BPF_JUMP((unsigned short)(BPF_JMP | how | BPF_K), value,
                                             (unsigned char)yes, (unsigned char)no));
}

bool filter_attach(const struct packet_filter *filter, int fd, int option)
{
    struct sock_fprog program;
    if (filter->is_full) {
        errno = EMSGSIZE;
        return false;
    }
    struct sock_filter steps[PACKET_FILTER_MAX];
    memcpy(steps, filter->steps, filter->count * sizeof(steps[0]));
    memset(&program, 0, sizeof(program)); /* the gap between its members too, for valgrind */
    program.len = (unsigned short)filter->count;
    program.filter = steps;
    return setsockopt(fd, SOL_SOCKET, option, &program, sizeof(program)) == 0;
}
