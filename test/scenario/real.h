/* real.h - the world of the real program: a fresh installation in a folder of its own, on ports of
 * its own, with real sockets and real time. */
#ifndef DT_TEST_REAL_H
#define DT_TEST_REAL_H

#include "scn_world.h"

struct real;

struct real_options {
    const char *program; /* build/dialtone */
    bool is_on_server;   /* the ledger in a PostgreSQL of its own */
    bool is_kept;        /* the folder stays even when all went well */
};

/* Initialises, provisions and starts dialtone, and waits until it is ready. NULL: `why` says what
 * went wrong, with the folder that has the logs. */
struct real *real_new(const struct scn *scn, const struct real_options *options,
                      char why[SCN_WHY_SIZE]);
/* Stops it. False: it did not stop cleanly within 5 s. The folder is removed after a pass. */
bool real_free(struct real *real, bool is_pass, char why[SCN_WHY_SIZE]);

void real_world(struct real *real, struct scn_world *out);

#endif
