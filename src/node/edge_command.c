#include "base/clock.h"
#include "node/edge_role.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

struct command *command_new(enum command_kind kind)
{
    struct command *command = calloc(1, sizeof(*command));
    if (command != NULL) {
        command->kind = kind;
        command->holders = 1;
    }
    return command;
}

void command_release(struct edge_role *role, struct command *command)
{
    pthread_mutex_lock(&role->lock);
    bool is_last = --command->holders == 0;
    pthread_mutex_unlock(&role->lock);
    if (is_last) {
        free(command->text);
        free(command);
    }
}

bool edge_command(struct edge_role *role, int worker, struct command *command, int64_t patience_us)
{
    struct edge_thread *thread = &role->threads[worker];
    struct timespec until = clock_mono_after(patience_us);
    pthread_mutex_lock(&role->lock);
    command->holders++;
    command->next = NULL;
    struct command **last = &thread->commands;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = command;
    atomic_store(&thread->has_commands, 1);
    pthread_mutex_unlock(&role->lock);
    edge_thread_wake(thread);
    pthread_mutex_lock(&role->lock);
    while (!command->done &&
           pthread_cond_timedwait(&role->done, &role->lock, &until) != ETIMEDOUT) {
    }
    bool is_done = command->done != 0;
    pthread_mutex_unlock(&role->lock);
    return is_done;
}

#define CALLS_TEXT_MAX (1u << 20)
#define EXPOSURE_PAGE 1000 /* calls a turn of the worker: under a millisecond */

/* True: done; false: more to do at the next turn. */
static bool carry_out(struct edge_thread *thread, struct command *command)
{
    switch (command->kind) {
    case COMMAND_CALLS: {
        struct buf out;
        command->text = malloc(CALLS_TEXT_MAX);
        if (command->text == NULL) {
            return true;
        }
        buf_init(&out, command->text, CALLS_TEXT_MAX);
        bool has_more =
            edge_calls_json(thread->engine, &command->at, command->account_id, &thread->now, &out);
        command->text_size = out.size;
        command->answer = (struct tri){has_more ? TRI_PRESENT : TRI_ABSENT};
        return true;
    }
    case COMMAND_EXPOSURE: {
        struct exposure_call *calls = malloc(EXPOSURE_PAGE * sizeof(*calls));
        command->text = (char *)calls;
        if (calls == NULL) {
            return true;
        }
        int count = edge_exposure(thread->engine, &command->at, &thread->now, calls, EXPOSURE_PAGE);
        command->text_size = (size_t)count * sizeof(*calls);
        command->answer = (struct tri){count == EXPOSURE_PAGE ? TRI_PRESENT : TRI_ABSENT};
        return true;
    }
    case COMMAND_END:
        command->answer = edge_end_call(thread->engine, command->key, command->actor, &thread->now);
        return true;
    case COMMAND_SNAPSHOT:
        return !edge_snapshot(thread->engine, &command->at, 200, &thread->now);
    case COMMAND_CLOSE_INCARNATION:
        edge_close_incarnation(thread->engine, &thread->now);
        return true;
    }
    return true;
}

void edge_command_take(struct edge_thread *thread)
{
    struct edge_role *role = thread->role;
    pthread_mutex_lock(&role->lock);
    struct command *command = thread->commands;
    if (command != NULL) {
        thread->commands = command->next;
    }
    if (thread->commands == NULL) {
        atomic_store(&thread->has_commands, 0);
    }
    pthread_mutex_unlock(&role->lock);
    if (command == NULL) {
        return;
    }
    bool is_done = carry_out(thread, command);
    pthread_mutex_lock(&role->lock);
    if (is_done) {
        command->done = 1;
        pthread_cond_broadcast(&role->done);
    } else {
        command->next = thread->commands;
        thread->commands = command;
        atomic_store(&thread->has_commands, 1);
    }
    pthread_mutex_unlock(&role->lock);
    if (is_done) {
        command_release(role, command);
    }
}
