/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the Gateway API share: its listeners (api_gateway.c), which routes attach to
 * them (api.c), what a rule does (api_route.c, api_filter.c). */
#ifndef SL_CONF_API_H
#define SL_CONF_API_H

#include "dialect.h"

#define SL_API_GROUP "gateway.networking.k8s.io"

/** A listener that is open. */
struct sl_api_listener {
	const struct sl_object *gw;
	const struct sl_node *node;
	const char *name;
	char host[SL_HOST_NAME_MAX]; /* lower case; "*": any */
	int64_t number;
	bool takes_routes; /* HTTPRoutes, that is */
};

/* How far an HTTPRoute came on its way to a listener. */
enum sl_api_reach { SL_API_NO_PARENT, SL_API_NOT_ALLOWED, SL_API_NO_HOST, SL_API_ATTACHED };

struct sl_api_route {
	const struct sl_object *o;
	enum sl_api_reach reach;
};

/** A match of a rule at a host, with what it is ordered by. */
struct sl_api_entry {
	const char *host; /* in the arena */
	int64_t number;   /* of the listener */
	struct sl_api_route *route;
	const struct sl_node *rule, *match; /* NULL: none is written */
	uint32_t rule_at, match_at;
	uint8_t path_rank; /* exact 3, prefix 2, regular expression 1 */
	bool method;
	uint32_t length, headers, params;
};

struct sl_api {
	struct sl_api_listener *listener;
	size_t n_listener, cap_listener;
	struct sl_api_route *route;
	size_t n_route;
	struct sl_api_entry *entry; /* of the port that is being made */
	size_t n_entry, cap_entry;
	struct sl_arena arena;
};

/* ---- api_gateway.c ---- */

/** Finds the Gateways of our classes and opens their listeners. 0 or -errno with a text. */
int sl_api_gateways(struct sl_build *b);

/** The open listener of a server. */
const struct sl_api_listener *sl_api_listener_of(const struct sl_api *api,
						 const struct sl_server *s);

/** Whether a listener takes routes of a namespace. */
bool sl_api_allows(const struct sl_kube *k, const struct sl_api_listener *l, const char *ns);

/* ---- api_route.c ---- */

/** An HTTPRoute is sound by itself. 0 or -EINVAL with file:line and what to write instead. */
int sl_api_route_check(const struct sl_kube *k, const struct sl_object *o);

/** What an entry's path is matched by; "/" where none is written. */
enum sl_path_match sl_api_path(const struct sl_node *match, const char **text, size_t *length);

/** Adds an entry's route to its host. 0 or -errno with a text. */
int sl_api_route_add(struct sl_kube *k, const struct sl_api_entry *en,
		     struct sl_model_vhost *vhost);

/** Whether a backendRef is one to a Service. */
bool sl_api_is_service(const struct sl_node *ref);

/** 0 with a backend's cluster; -ENOENT with why there is none; other -errno with a text. */
int sl_api_backend(struct sl_kube *k, const struct sl_object *o, const struct sl_node *ref,
		   char cluster[SL_KUBE_NAME_MAX], char why[SL_WHY_MAX]);

/* ---- mirror.c ---- */

/** Checks a filter's requestMirror. */
int sl_api_mirror_check(const struct sl_kube *k, const struct sl_object *o,
			const struct sl_node *mirror);

/** Adds the mirrors of a rule that forwards. 0 or -errno with a text. */
int sl_api_mirrors_add(struct sl_kube *k, const struct sl_object *o, const struct sl_node *filters,
		       struct sl_model_route *route);

/* ---- api_filter.c ---- */

/**
 * Checks a list of filters.
 *
 * @param rule The rule they belong to; NULL: they are a backend's, which may only change headers.
 */
int sl_api_filters_check(const struct sl_kube *k, const struct sl_object *o,
			 const struct sl_node *filters, const struct sl_node *rule);

/** Sets what a rule's filters say; number: of the listener. 0 or -ENOMEM. */
int sl_api_filters_add(const struct sl_node *filters, int64_t number, struct sl_model_route *route);

/** Header changes of a backend. 0 or -ENOMEM. */
int sl_api_backend_filters_add(const struct sl_node *filters, struct sl_model_weight *weight);

#endif
