/* The disk of an edge: its lives, what a crash leaves of it, and what it says of itself. */
#include "money_world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

void life_nonce_make(struct sim_edge *edge, char nonce[33])
{
    snprintf(nonce, 33, "%032llx", (unsigned long long)++edge->world->next_nonce);
}

static struct sim_life *life_add(struct sim_edge *edge, const char *nonce)
{
    assert(edge->life_count < LIVES_MAX);
    struct sim_life *life = &edge->lives[edge->life_count];
    *life = (struct sim_life){
        .nonce = strtoull(nonce, NULL, 16), .of = edge->life_count, .up_to = UINT64_MAX};
    memcpy(life->identity.nonce, nonce, sizeof(life->identity.nonce));
    edge->life_count++;
    return life;
}

void life_begin(struct sim_edge *edge)
{
    char nonce[33];
    life_nonce_make(edge, nonce);
    life_add(edge, nonce);
    memset(edge->returned_micro, 0, sizeof(edge->returned_micro));
}

/* A copy: its usages are those of several incarnations from now on. */
void life_cut(struct sim_edge *edge, int index)
{
    struct edge_identity identity = edge->lives[index].identity;
    if (identity.start_count == 0) {
        char nonce[33];
        life_nonce_make(edge, nonce);
        identity_begin(&identity, (uint64_t)edge->synced_count, edge->lives[index].acked, nonce);
    }
    identity_cut(&identity);
    edge->lives[index].identity = identity;
    edge->lives[index].up_to = identity.parts[0].up_to;
    edge->lives[index].is_given_up = edge->world->mutation == SIM_BRANCH_LOST;
    for (int i = 1; i < identity.part_count && edge->world->mutation != SIM_BRANCH_LOST; i++) {
        struct sim_life *part = life_add(edge, identity.parts[i].nonce);
        part->of = index;
        part->above = identity.parts[i].above;
        part->up_to = identity.parts[i].up_to;
        part->offset = identity.parts[i].offset;
    }
}

static void log_cut(struct sim_edge *edge, int count)
{
    for (int i = count; i < edge->log_count; i++) {
        free(edge->log[i].bytes);
    }
    edge->log_count = count;
    for (int i = 0; i < edge->life_count; i++) {
        edge->lives[i].unsettled_from = 0;
    }
}

/* The newest numbers are what the journal says. */
static void sequences_read(struct sim_edge *edge)
{
    for (int i = 0; i < edge->life_count; i++) {
        edge->lives[i].sequence = 0;
    }
    for (int i = 0; i < edge->log_count; i++) {
        if (edge->log[i].kind == JOURNAL_USAGE) {
            edge->lives[edge->log[i].life].sequence = edge->log[i].sequence;
        }
    }
}

/* A torn tail: some of what was not synced is gone. Numbers that nobody heard of are used again. */
static void tear(struct sim_edge *edge)
{
    int keep = edge->synced_count;
    if (edge->log_count > keep) {
        keep += (int)rng_below(&edge->world->rng, (uint64_t)(edge->log_count - keep) + 1);
    }
    for (int i = keep; i < edge->log_count; i++) {
        edge->charged_micro[edge->log[i].account] -= edge->log[i].charge_micro;
    }
    log_cut(edge, keep);
    sequences_read(edge);
}

static void disk_lose(struct sim_edge *edge)
{
    struct world *world = edge->world;
    for (int i = 0; i < edge->life_count; i++) {
        edge->lives[i].is_lost = true;
    }
    log_cut(edge, 0);
    edge->backup_count = 0;
    for (int i = 0; i < world->live.account_count; i++) {
        world->frozen_micro[i] += edge->charged_micro[i] + edge->open_micro[i];
        edge->charged_micro[i] = 0;
        edge->open_micro[i] = 0;
        edge->over_allowed_micro[i] = 0;
    }
}

/* The one of its lives that settles a usage, and the number it has there. */
const struct sim_life *life_of(const struct sim_edge *edge, const struct sim_record *record,
                               uint64_t *sequence)
{
    const struct sim_life *found = NULL;
    for (int i = 0; i < edge->life_count; i++) {
        const struct sim_life *life = &edge->lives[i];
        if (life->of == record->life && record->sequence > life->above &&
            record->sequence <= life->up_to) {
            found = life;
            *sequence = record->sequence - life->offset;
        }
    }
    return found;
}

static void lost_note(struct sim_edge *edge, const struct sim_record *record)
{
    struct world *world = edge->world;
    uint64_t sequence = 0;
    const struct sim_life *life = life_of(edge, record, &sequence);
    /* Written by a copy before it was found out: nobody was sent it yet. */
    bool is_apart = life != NULL && life->identity.start_count > 0 && !life->identity.is_cut &&
                    record->sequence > life->identity.sequence;
    if (world->lost_count == world->lost_max) {
        world->lost_max = world->lost_max * 2 + 256;
        world->lost = realloc(world->lost, (size_t)world->lost_max * sizeof(*world->lost));
        assert(world->lost != NULL);
    }
    world->lost[world->lost_count++] = (struct sim_lost){
        .nonce = life == NULL || is_apart ? 0 : life->nonce,
        .sequence = sequence,
        .account = record->account,
        .charge_micro = record->charge_micro,
    };
}

/* The ledger had not heard of it: the disk is let in, and their numbers are given anew. */
static void lost_forget(struct world *world, uint64_t nonce)
{
    const struct model_ledger *ledger = world_ledger(world);
    for (int i = 0; i < world->lost_count; i++) {
        struct sim_lost *lost = &world->lost[i];
        for (int j = 0; j < ledger->incarnation_count && lost->nonce == nonce; j++) {
            bool is_settled = ledger->incarnations[j].nonce == nonce &&
                              model_has_applied(ledger, (uint64_t)j + 1, lost->sequence);
            if (ledger->incarnations[j].nonce == nonce && !is_settled) {
                lost->nonce = 0;
            }
        }
    }
}

void life_let_in(struct sim_edge *edge, struct sim_life *life)
{
    if (life->is_old) {
        lost_forget(edge->world, life->nonce);
        life->is_old = false;
    }
}

/* What was charged, given back or talked since is not on that disk: P of the bound. */
static void disk_put_back(struct sim_edge *edge, const struct sim_backup *backup)
{
    struct world *world = edge->world;
    for (int i = backup->log_count; i < edge->log_count; i++) {
        const struct sim_record *record = &edge->log[i];
        edge->charged_micro[record->account] -= record->charge_micro;
        world->frozen_micro[record->account] += record->charge_micro;
        world->hidden_micro[record->account] += record->charge_micro;
        if (record->kind == JOURNAL_USAGE) {
            lost_note(edge, record);
        }
    }
    for (int i = 0; i < world->live.account_count; i++) {
        world->hidden_micro[i] +=
            edge->returned_micro[i] - backup->returned_micro[i] + edge->open_micro[i];
        world->frozen_micro[i] += edge->open_micro[i];
        edge->open_micro[i] = 0;
        edge->over_allowed_micro[i] = 0; /* what is talked again comes on top */
    }
    memcpy(edge->lives, backup->lives, (size_t)backup->life_count * sizeof(edge->lives[0]));
    log_cut(edge, backup->log_count);
    sequences_read(edge);
    for (int i = 0; i < edge->life_count; i++) {
        edge->lives[i].is_old = true;
    }
    edge->backup_count = 0; /* they tell of what did not happen */
}

static const struct sim_backup *backup_find(const struct sim_edge *edge, int64_t at_us)
{
    for (int i = edge->backup_count - 1; i >= 0 && i > edge->backup_count - BACKUPS_MAX; i--) {
        const struct sim_backup *backup = &edge->backups[i % BACKUPS_MAX];
        if (backup->life_count != edge->life_count || backup->log_count > edge->log_count) {
            return NULL; /* of another disk */
        }
        if (backup->at_us <= at_us) {
            return backup;
        }
    }
    return NULL;
}

void edge_crash(struct sim_edge *edge, enum edge_loss loss, int64_t back_us)
{
    struct world *world = edge->world;
    world_trace(world, 2, (uint64_t)edge->index, loss);
    world->traffic->stop(edge);
    edge->up_us = world->now_us + world_between(world, SECOND / 10, 3 * SECOND);
    const struct sim_backup *backup =
        loss == LOSS_DISK_OLD ? backup_find(edge, world->now_us - back_us) : NULL;
    if (backup != NULL) {
        disk_put_back(edge, backup);
    } else if (loss == LOSS_DISK) {
        disk_lose(edge);
    } else if (loss != LOSS_MEMORY) {
        tear(edge);
    }
    edge->synced_count = edge->log_count;
}

uint64_t life_settled_to(const struct sim_life *life)
{
    struct identity_part part = {
        .above = life->above, .offset = life->offset, .settled = life->acked};
    return identity_part_next(&part) - 1;
}

bool life_has_unsettled(const struct sim_edge *edge, const struct sim_life *life)
{
    uint64_t newest = edge->lives[life->of].sequence;
    newest = newest < life->up_to ? newest : life->up_to;
    return !life->is_lost && !life->is_given_up && life_settled_to(life) < newest &&
           life->above < newest;
}

static uint64_t synced_sequence(const struct sim_edge *edge, int life)
{
    uint64_t sequence = 0;
    for (int i = 0; i < edge->synced_count; i++) {
        const struct sim_record *record = &edge->log[i];
        if (record->kind == JOURNAL_USAGE && record->life == life) {
            sequence = record->sequence;
        }
    }
    return sequence;
}

/* What is told of the disk in a session: only of the life that goes on. */
struct model_disk life_disk(const struct sim_edge *edge, int index)
{
    const struct sim_life *life = &edge->lives[index];
    struct model_disk disk = {.nonce = life->nonce, .session = life->session};
    if (index == edge->life_count - 1) {
        disk.position = (uint64_t)edge->synced_count;
        disk.sequence = synced_sequence(edge, index);
    }
    return disk;
}

/* What is told at `open`. Nobody asks a life that is over whether it is the right one. */
struct model_disk life_disk_at_open(const struct sim_edge *edge, int index)
{
    const struct sim_life *life = &edge->lives[index];
    if (index != edge->life_count - 1) {
        return (struct model_disk){.nonce = life->nonce,
                                   .session = life->identity.opened,
                                   .position = UINT64_MAX,
                                   .sequence = UINT64_MAX};
    }
    struct ledger_disk told =
        identity_disk(&life->identity, (uint64_t)edge->synced_count, synced_sequence(edge, index));
    struct model_disk disk = {life->nonce,   told.session,     told.position,
                              told.sequence, told.start_count, {0}};
    for (int i = 0; i < told.start_count; i++) {
        disk.starts[i] = strtoull(told.starts[i], NULL, 16);
    }
    return disk;
}

void life_join(struct sim_edge *edge, const struct sim_op *op)
{
    struct sim_life *life = &edge->lives[op->life];
    life->number = op->number;
    life->nonce = edge->lives[life->of].nonce;
    life->offset = 0;
}
