/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Heads of requests of the last minute, for "where would they go now" and for `explain --last`.
 *
 * Bounded: each second keeps a fair sample of its requests, however many there were. The access-log
 * thread adds, control's thread copies.
 */
#ifndef RECENT_H
#define RECENT_H

#include <stdbool.h>
#include <stdint.h>

#include "sl_ctl.h"

#define RECENT_SECONDS    60u
#define RECENT_A_SECOND   128u
#define RECENT_METHOD_MAX 24u
#define RECENT_HOST_MAX   256u
#define RECENT_PATH_MAX   512u

struct recent_head {
	uint64_t wall_us;
	struct sl_ip ip; /* where the client sent it */
	uint16_t port, status;
	bool cut; /* a text was longer than what is kept */
	char method[RECENT_METHOD_MAX], host[RECENT_HOST_MAX], path[RECENT_PATH_MAX];
};

struct recent;

/** NULL when out of memory. */
struct recent *recent_create(void);
void recent_free(struct recent *r);

/** Takes one access record, which is not trusted. Access-log thread. */
void recent_add(struct recent *r, const struct sl_log_record *record, size_t len);

/**
 * Copies what is kept of the last minute, newest second first.
 *
 * @param out Receives a heap block, the caller's; NULL when *n is 0.
 * @param seen Requests that there were in that time.
 * @return 0 or -ENOMEM.
 */
int recent_copy(struct recent *r, struct recent_head **out, size_t *n, uint64_t *seen);

#endif
