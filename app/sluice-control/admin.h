/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Envoy's admin interface, readiness and Prometheus over HTTP, read-only. libmicrohttpd speaks
 * HTTP; control's one thread runs it when one of its descriptors is ready.
 */
#ifndef ADMIN_H
#define ADMIN_H

#include <poll.h>
#include <stdio.h>

#include "control.h"

#define ADMIN_LISTENERS 3u

/** An answer while it is written. */
struct reply {
	unsigned status;
	const char *type;
	FILE *out; /* its body */
};

/** A question: its path and what stands behind '?'. */
struct question {
	struct control *c;
	const void *connection; /* of libmicrohttpd */
};

/** Value of a query parameter; "" when it has none; NULL when it is not there. */
const char *question_get(const struct question *q, const char *key);

typedef void admin_fn(const struct question *q, struct reply *r);
admin_fn admin_clusters, admin_listeners, admin_server_info; /* admin_views.c */
admin_fn admin_config_dump;                                  /* admin_dump.c */
admin_fn admin_stats, admin_prometheus;                      /* admin_stats.c */

/** The configs of /config_dump with its endpoints, in the field names of protojson. */
json_t *admin_dump(const struct control *c);

/** protojson's camelCase to the field names of the protos, which Envoy's admin interface prints. */
json_t *admin_snake(const json_t *in);

/** Prints JSON and gives it back. */
void admin_print(struct reply *r, json_t *top);

/**
 * Opens the listeners that sluice.conf says; one that cannot be opened is logged and left out.
 * Called again after a reload: those that moved are closed and opened anew.
 */
void admin_open(struct control *c);
void admin_close(struct control *c);

/** Fills the descriptors to wait for. @return How many, at most ADMIN_LISTENERS. */
unsigned admin_poll_fds(const struct control *c, struct pollfd pfd[ADMIN_LISTENERS]);

/** Serves whoever can be served without waiting. */
void admin_serve(struct control *c);

/** Whether traffic is served: a data plane runs, has a configuration and does not drain. */
bool admin_ready(struct control *c, const char **state);

#endif
