/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the three dialects of routes share: Istio's (gateway.c, vs*.c), the Gateway API's (api*.c)
 * and Ingress (ingress.c). Each says which ports it wants open and which routes a port's hosts get,
 * in its own order; listen.c opens the ports and merges the routes.
 */
#ifndef SL_CONF_DIALECT_H
#define SL_CONF_DIALECT_H

#include "kube.h"

#define SL_DNS_NAME_MAX  253
#define SL_HOST_NAME_MAX (SL_DNS_NAME_MAX + 1)

/* Of routes of the same age the dialects come in this order. */
enum sl_dialect { SL_DIALECT_ISTIO, SL_DIALECT_API, SL_DIALECT_INGRESS };

/** Something that wants a port of ours open. */
struct sl_server {
	enum sl_dialect dialect;
	const struct sl_object *o;    /* the Gateway; of Ingresses the first */
	const struct sl_node *server; /* of a Gateway: its server or listener; else NULL */
	int64_t number;               /* as it says */
	uint16_t port;                /* as we listen: a Service's target port */
};

/** Routes that stay together when a host's are merged: a VirtualService, or a host's of another. */
struct sl_unit {
	const struct sl_object *oldest; /* of the objects they come from */
	enum sl_dialect dialect;
	size_t at; /* in the dialect's list */
};

struct sl_build {
	struct sl_kube *k;
	struct sl_server *server;
	size_t n_server, cap_server;
	struct sl_unit *unit; /* of the port that is being made */
	size_t n_unit, cap_unit;
	struct sl_istio *istio;
	struct sl_api *api;
	struct sl_ingresses *ingress;
};

/** A route table while its hosts are gathered. */
struct sl_hosts {
	struct sl_model_table *table;
	struct sl_index index; /* host to place in vhosts; keys in arena */
	struct sl_arena arena;
	const void **last; /* of each vhost: whose routes were added last */
	bool *merged;      /* of each vhost: routes of more than one unit */
	size_t cap;
};

/* ---- listen.c ---- */

/** Each 0 or -ENOMEM with a text. */
int sl_server_add(struct sl_build *b, const struct sl_server *server);
int sl_unit_add(struct sl_build *b, const struct sl_unit *unit);

/**
 * Adds a server at the target port of every Service that leads to this box on the server's number;
 * at that number itself when there is none.
 *
 * @param only The Service it is about, whose target port counts in any case; NULL: every one.
 */
int sl_server_add_own(struct sl_build *b, const struct sl_server *server,
		      const struct sl_kube_service *only);

/**
 * The virtual host of a host in lower case, made when it is the first.
 *
 * @param owner Whose routes are added to it now; a second call with the same is told by NULL.
 * @param vhost Receives it, or NULL: the owner's routes are there already.
 * @return 0 or -ENOMEM with a text.
 */
int sl_hosts_get(struct sl_build *b, struct sl_hosts *h, const char *host, int64_t number,
		 const struct sl_object *origin, const void *owner, struct sl_model_vhost **vhost);

/** In lower case, cut at SL_DNS_NAME_MAX. */
void sl_host_lower(const char *text, char out[SL_HOST_NAME_MAX]);
/** Whether "*" or "*.suffix" covers a name or a narrower wildcard; a name covers itself. */
bool sl_host_covers(const char *wide, const char *narrow);
/** The narrower of two hosts that overlap, or NULL. */
const char *sl_host_intersect(const char *a, const char *b);

/** The name or "*.suffix" is one that can be a host. 0 or -EINVAL. */
int sl_host_check(const struct sl_kube *k, const struct sl_object *o, const struct sl_node *host,
		  const char *name);

/** As that, of what Kubernetes allows: no port, and no "*" alone; of: "an Ingress". */
int sl_host_check_strict(const struct sl_kube *k, const struct sl_object *o,
			 const struct sl_node *host, const char *of);

/* ---- the dialects: each finds its servers, then for each port its units ---- */

int sl_istio_gather(struct sl_build *b);
int sl_istio_units(struct sl_build *b, uint16_t port);
int sl_istio_fill(struct sl_build *b, struct sl_hosts *h, size_t at, uint16_t port);
/** Frees; where all went well, warns of what was never used. */
void sl_istio_done(struct sl_build *b, bool ok);

int sl_api_gather(struct sl_build *b);
int sl_api_units(struct sl_build *b, uint16_t port);
int sl_api_fill(struct sl_build *b, struct sl_hosts *h, size_t at, uint16_t port);
void sl_api_done(struct sl_build *b, bool ok);

int sl_ingress_gather(struct sl_build *b);
int sl_ingress_units(struct sl_build *b, uint16_t port);
int sl_ingress_fill(struct sl_build *b, struct sl_hosts *h, size_t at, uint16_t port);
void sl_ingress_done(struct sl_build *b);

/* ---- class.c ---- */

/** Whether an IngressClass or GatewayClass names our controller. */
bool sl_class_ours(const struct sl_object *class);
/** By its name: its object says whose it is; without one "sluice" and "istio" are ours. */
bool sl_class_name_ours(const struct sl_kube *k, const char *kind, const char *name);

/* ---- backend.c ---- */

#define SL_WHY_MAX 300

/**
 * The cluster of a Service's port that a route names, made when it is the first to want it.
 *
 * @param ns,name Of the Service.
 * @param number,port_name The one or the other; both 0/"": the only TCP port.
 * @param why Receives why there is none.
 * @return 0; -ENOENT with `why`; others with a text in k->err.
 */
int sl_backend_cluster(struct sl_kube *k, const char *ns, const char *name, int64_t number,
		       const char *port_name, char cluster[SL_KUBE_NAME_MAX], char why[SL_WHY_MAX]);

/** Name of a route's object for views, "kind/NAME.NAMESPACE". 0 or -ENOMEM. */
int sl_route_object(struct sl_model_route *route, const struct sl_object *o, int line);

#endif
