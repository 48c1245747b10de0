/* SPDX-License-Identifier: BSD-3-Clause */
/* What the translation of objects to the model shares: Services, their endpoints, their clusters.
 */
#ifndef SL_CONF_KUBE_H
#define SL_CONF_KUBE_H

#include "objects.h"

#define SL_KUBE_NAME_MAX 640 /* "outbound|65535||NAME.NAMESPACE.svc.cluster.local" */

struct sl_kube_service {
	const struct sl_object *o;
	const struct sl_node *spec, *ports;
	uint8_t *made; /* for each port: SL_KUBE_MADE_* of its clusters that are in the model */
};

/* An Endpoints or EndpointSlice object and the Service it belongs to. */
struct sl_kube_backing {
	const struct sl_object *o;
	const char *service; /* name; the namespace is the object's */
};

#define SL_KUBE_MADE       0x01u
#define SL_KUBE_MADE_LOCAL 0x02u

/** One translation. */
struct sl_kube {
	const struct sl_objects *set;
	const char *node; /* name of the box as a node; empty: it is none */
	const struct sl_prefix *own;
	size_t n_own;
	struct sl_model *model;
	struct sl_err *err;
	struct sl_kube_service *service;
	size_t n_service;
	struct sl_index by_name;         /* "ns/name" (in an object's key) to places in service */
	struct sl_kube_backing *backing; /* sorted by namespace, service */
	size_t n_backing;
};

/** Addresses behind a Service's port: sorted, each once. */
struct sl_kube_addrs {
	struct sl_ip_port *v;
	size_t n, cap;
	bool seen; /* the Service has endpoints, even if none is ready or of this port */
};

/** Which of them. */
enum sl_kube_which {
	SL_KUBE_READY,   /* those that take new traffic; if there are none, those that leave */
	SL_KUBE_LEAVING, /* terminating, but still serving, while others are ready */
};

int sl_kube_init(struct sl_kube *k);
void sl_kube_fini(struct sl_kube *k);
int sl_kube_no_memory(const struct sl_kube *k);

/** NULL when there is no such Service. */
struct sl_kube_service *sl_kube_service_find(const struct sl_kube *k, const char *ns,
					     const char *name);

/** TCP or UDP, as IPPROTO_*. */
uint8_t sl_kube_proto(const struct sl_node *port);

/**
 * Addresses of a Service's port; v is freed by the caller.
 *
 * @param local Only those on our node.
 * @return 0 or -ENOMEM.
 */
int sl_kube_addrs(const struct sl_kube *k, const struct sl_kube_service *s,
		  const struct sl_node *port, enum sl_kube_which which, bool local,
		  struct sl_kube_addrs *out);

/** Whether an address is one of the box's own. */
bool sl_kube_own(const struct sl_kube *k, const struct sl_ip *ip);

/**
 * The container port behind a Service's port: targetPort's number, or the number that the
 * endpoints give its name.
 *
 * @return 0 when a named one has no endpoints yet.
 */
uint16_t sl_kube_target(const struct sl_kube *k, const struct sl_kube_service *s,
			const struct sl_node *port);

/**
 * The cluster of a Service's port; made when it isn't there yet, with the addresses that aren't
 * our own.
 *
 * @param local The cluster of its endpoints on our node alone.
 * @param name Receives its name.
 * @return 0 or -ENOMEM.
 */
int sl_kube_cluster(struct sl_kube *k, struct sl_kube_service *s, uint32_t port, bool local,
		    char name[SL_KUBE_NAME_MAX]);

/* The parts of the translation, in order. Each 0 or -errno with a text. */
int sl_gateways_model(struct sl_kube *k);
int sl_services_model(struct sl_kube *k);

/** A VirtualService is sound by itself and its destinations exist (their clusters are made). */
int sl_vs_check(struct sl_kube *k, const struct sl_object *vs);

/** Adds a VirtualService's routes for one gateway and server port. */
int sl_vs_routes(struct sl_kube *k, const struct sl_object *vs, const struct sl_object *gateway,
		 int64_t server_port, struct sl_model_vhost *vhost);

/** Whether a name in a VirtualService's `gateways` means this gateway. */
bool sl_vs_names_gateway(const struct sl_object *vs, const char *name,
			 const struct sl_object *gateway);

/* A rule's match entry (vs_match.c); NULL: a rule without, which matches every request. */

/** 0 or -EINVAL with file:line and what to write instead. */
int sl_vs_match_check(const struct sl_kube *k, const struct sl_object *vs,
		      const struct sl_node *match);

/** The text of a match that says exactly one, and how it matches; NULL for others. */
const struct sl_node *sl_vs_text(const struct sl_node *match, enum sl_text_match *how);

/** Whether it is for this gateway and server port at all. */
bool sl_vs_match_applies(const struct sl_object *vs, const struct sl_node *match,
			 const struct sl_object *gateway, int64_t port);

/** Sets what a route matches. 0 or -ENOMEM. */
int sl_vs_match_add(const struct sl_node *match, struct sl_model_route *route);

/* What a rule does besides choosing destinations (vs_action.c). */

/** 0 or -EINVAL with file:line and what to write instead. */
int sl_vs_action_check(const struct sl_kube *k, const struct sl_object *vs,
		       const struct sl_node *http);

/** The header changes of a destination. 0 or -EINVAL. */
int sl_vs_headers_check(const struct sl_kube *k, const struct sl_object *vs,
			const struct sl_node *headers);

/**
 * Sets rewrite, redirect, direct response, header changes, fault and CORS policy of a route whose
 * match is set. 0 or -ENOMEM.
 *
 * @param port Of the server.
 */
int sl_vs_action_add(const struct sl_node *http, int64_t port, struct sl_model_route *route);

/** Header changes of a destination, the last weight of a route. 0 or -ENOMEM. */
int sl_vs_weight_headers_add(const struct sl_node *headers, struct sl_model_weight *weight);

/** Whether nothing behind this route of its VirtualService is ever reached. */
bool sl_vs_catch_all(const struct sl_model_route *route);

#endif
