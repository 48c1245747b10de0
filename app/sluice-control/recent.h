/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Heads of requests of the last minute, for "where would they go now" and for `explain --last`.
 *
 * Workers send a sample (sl_heads.h). Bounded: each second keeps a fair sample of what came,
 * however much that was. The access-log thread adds, control's thread copies.
 */
#ifndef RECENT_H
#define RECENT_H

#include <stdbool.h>
#include <stdint.h>

#include "sl_ctl.h"
#include "sl_heads.h"

#define RECENT_SECONDS  60u
#define RECENT_A_SECOND 128u

struct recent_head {
	uint64_t id; /* of no other one, as long as control runs */
	uint64_t wall_us;
	const void *msg; /* for sl_head_read, which takes it */
	uint32_t len;
	uint16_t status; /* what it was answered; 0: not yet, or not known */
};

struct recent;

/** NULL when out of memory. */
struct recent *recent_create(void);
void recent_free(struct recent *r);

/** Takes a head, which is not trusted. Access-log thread. */
void recent_add(struct recent *r, const void *msg, uint32_t len);

/** Takes the answer's status from an access record, which is not trusted. Access-log thread. */
void recent_answered(struct recent *r, const struct sl_log_record *record, size_t len);

/**
 * Copies what is kept of the last minute, newest first.
 *
 * @param out Receives one heap block, messages included, the caller's.
 * @param seen Requests that there were in that time.
 * @return 0 or -ENOMEM.
 */
int recent_copy(struct recent *r, struct recent_head **out, size_t *n, uint64_t *seen);

/** The head of this id. @return 0, or -ENOENT when it is not kept any more. */
int recent_find(struct recent *r, uint64_t id, struct sl_head_in *in);

#endif
