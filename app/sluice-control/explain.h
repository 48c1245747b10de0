/* SPDX-License-Identifier: BSD-3-Clause */
/* One request on its way through the snapshot; shared by the parts of `explain`. */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include <jansson.h>
#include <stdbool.h>

#include "sl_heads.h"
#include "sl_snap.h"

struct explain {
	const struct sl_snap *s;
	json_t *answer, *steps; /* steps is a member of answer */
	bool has_ip;
	struct sl_ip ip;
	uint16_t port;
	uint32_t listener;
	bool recorded;
	struct sl_head_in kept; /* if recorded: the head that a client sent */
	char *head;             /* the request as it would arrive; req points into it */
	struct sl_http_request req;
	char host[1024];
	char path[8192]; /* normalised, without the query */
	uint32_t path_len;
	char query[8192]; /* with its '?' */
};

/** Adds one sentence. */
void explain_step(struct explain *x, const char *step, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** How it ends. @param status 0: no HTTP answer of ours. */
void explain_outcome(struct explain *x, int status, const char *flag, const char *details,
		     const char *why);

/** Listener and route table; false when that is the end. */
bool explain_listener(struct explain *x);

/** Virtual host, routes, rewrite, clusters, endpoints. */
void explain_route(struct explain *x, struct sl_match_scratch *scratch);

/** A cluster and its endpoints. @param weight,sum Its share. */
void explain_cluster(struct explain *x, uint32_t cluster, uint32_t weight, uint32_t sum);

#endif
