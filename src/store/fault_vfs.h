/* fault_vfs.h - a layer under SQLite that makes a disk slow, failing or full, for drills and tests.
 *
 * Steered by the text file DIR/drill.faults, looked at again every 10 ms; without the file nothing
 * is wrong. Its lines:
 *     latency_ms 500             each read, write and sync takes that much longer
 *     fail read|write|sync|all   these give an I/O error (all: opening and locking too)
 *     full                       writes find no space
 */
#ifndef DT_STORE_FAULT_VFS_H
#define DT_STORE_FAULT_VFS_H

struct fault_vfs;

struct fault_vfs *fault_vfs_new(const char *dir); /* registers it with SQLite; NULL: no memory */
void fault_vfs_free(struct fault_vfs *faults);    /* after the last connection was closed */
const char *fault_vfs_name(const struct fault_vfs *faults);

#endif
