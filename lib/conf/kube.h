/* SPDX-License-Identifier: BSD-3-Clause */
/* What the translation of objects to the model shares: Services, their endpoints, their clusters.
 */
#ifndef SL_CONF_KUBE_H
#define SL_CONF_KUBE_H

#include "objects.h"

#define SL_KUBE_DOMAIN    "svc.cluster.local"
#define SL_KUBE_RULES_MAX 8   /* DestinationRules of one host that are read as one */
#define SL_KUBE_NAME_MAX  640 /* "outbound|65535||NAME.NAMESPACE.svc.cluster.local" */

struct sl_kube_service {
	const struct sl_object *o;
	const struct sl_node *spec, *ports;
};

/* An Endpoints or EndpointSlice object and the Service it belongs to. */
struct sl_kube_backing {
	const struct sl_object *o;
	const char *service; /* name; the namespace is the object's */
};

/** What a destination of routes leads to; kept, since thousands of routes have few of them. */
struct sl_kube_dest {
	const char *cluster;        /* in the translation's arena */
	const struct sl_object *to; /* Service or ServiceEntry */
	const struct sl_node *port; /* of it */
};

/** One translation. */
struct sl_kube {
	const struct sl_objects *set;
	const char *node; /* name of the box as a node; empty: it is none */
	const struct sl_prefix *own;
	size_t n_own;
	struct sl_model *model;
	struct sl_err *err;
	bool endpoints_only; /* listeners are there already */
	struct sl_kube_service *service;
	size_t n_service;
	struct sl_index by_name;         /* "ns/name" (in an object's key) to places in service */
	struct sl_kube_backing *backing; /* sorted by namespace, service */
	size_t n_backing;
	const struct sl_object **rule, **entry, **workload,
		**grant; /* DestinationRules, oldest first, ... */
	size_t n_rule, n_entry, n_workload, n_grant;
	unsigned n_near;               /* names for which a nearest one was looked for */
	struct sl_index entry_by_host; /* lower case, to places in entry */
	struct sl_index pod_by_ip;     /* to places in the set */
	struct sl_index made;          /* names of clusters that are in the model */
	struct sl_index dest_by_text;  /* to places in dest */
	struct sl_kube_dest *dest;     /* of routes, found so far */
	size_t n_dest, cap_dest;
	struct sl_arena arena; /* keys of the indexes, localities */
};

/** An endpoint as it is written. */
struct sl_kube_member {
	struct sl_ip_port addr;
	enum sl_health health;
	uint32_t weight;
	const struct sl_node *labels; /* NULL: none are known */
	const char *locality;         /* "region/zone/subzone", or empty */
};

/** What a name in the place of an address stands for. */
enum sl_kube_names {
	SL_KUBE_NO_NAMES, /* nothing: it is left out */
	SL_KUBE_ALL,      /* all addresses it has */
	SL_KUBE_FIRST,    /* the first of the newest answer */
};

/** Endpoints behind a Service's port: sorted, each once. */
struct sl_kube_addrs {
	enum sl_kube_names names; /* set by who gathers */
	struct sl_kube_member *v;
	size_t n, cap;
	bool seen; /* the Service has endpoints, even if none is ready or of this port */
};

int sl_kube_init(struct sl_kube *k);
void sl_kube_fini(struct sl_kube *k);
int sl_kube_no_memory(const struct sl_kube *k);

/** NULL when there is no such Service. */
struct sl_kube_service *sl_kube_service_find(const struct sl_kube *k, const char *ns,
					     const char *name);

/** Name of the Service that an Endpoints or EndpointSlice belongs to; "": of none. */
const char *sl_kube_backed(const struct sl_object *o);

/** TCP or UDP, as IPPROTO_*. */
uint8_t sl_kube_proto(const struct sl_node *port);

/** Older first; without a time is oldest; then by name and namespace. */
int sl_kube_age_cmp(const struct sl_object *x, const struct sl_object *y);

/** First of the objects behind a Service, which lie side by side; whether the i-th is one. */
size_t sl_kube_backing_first(const struct sl_kube *k, const struct sl_object *service);
bool sl_kube_backs(const struct sl_kube *k, size_t i, const struct sl_object *service);

/** The port in a list of endpoints' ports that is a Service's, or NULL. */
const struct sl_node *sl_kube_port_of(const struct sl_node *ports,
				      const struct sl_node *service_port);

/* ---- members.c ---- */

/** Whether every label wanted (NULL: none) is there with its value. */
bool sl_kube_labels_match(const struct sl_node *wanted, const struct sl_node *have);

/**
 * Endpoints of a Service's port, those that drain too; v is freed by the caller.
 *
 * @param local Only those on our node.
 * @return 0 or -errno with a text.
 */
int sl_kube_addrs(struct sl_kube *k, const struct sl_kube_service *s, const struct sl_node *port,
		  bool local, struct sl_kube_addrs *out);
void sl_kube_addrs_sort(struct sl_kube_addrs *out);

/** Adds one workload (spec of a WorkloadEntry, endpoint of a ServiceEntry). 0 or -errno. */
int sl_kube_add_workload(const struct sl_kube *k, const struct sl_object *o,
			 const struct sl_node *spec, const char *port_name, int64_t port,
			 struct sl_kube_addrs *out);

/** Adds what a name stands for, which may be nothing yet, and wants it known. 0 or -errno. */
int sl_kube_add_name(const struct sl_kube *k, const struct sl_object *o, int line, const char *text,
		     const struct sl_kube_member *like, struct sl_kube_addrs *out);

/** Adds the WorkloadEntries of a namespace that a selector selects. 0 or -errno. */
int sl_kube_add_selected(const struct sl_kube *k, const char *ns, const struct sl_node *selector,
			 const char *port_name, int64_t port, struct sl_kube_addrs *out);

/** Puts those with these labels into a cluster. 0 or -ENOMEM. */
int sl_kube_fill(const struct sl_kube *k, const struct sl_kube_addrs *addrs,
		 const struct sl_node *labels, struct sl_model_cluster *c);

/* ---- locality.c ---- */

/** Locality of a zone, whose region is taken to be the box's; "" for "", NULL: no memory. */
const char *sl_kube_zone(struct sl_kube *k, const char *zone);

/** Priorities and weights of a cluster's endpoints by where they stand. 0 or -EINVAL. */
int sl_kube_locality(const struct sl_kube *k, const struct sl_object *o,
		     const struct sl_node *setting, struct sl_model_cluster *c);

/* ---- rule.c ---- */

/** The DestinationRules of a host. */
struct sl_kube_rules {
	const struct sl_object *o[SL_KUBE_RULES_MAX];
	size_t n;
};

void sl_kube_rules_sort(struct sl_kube *k);

/** Those of the host's namespace, else of istio-system; exact before the longest wildcard. */
void sl_kube_rules(const struct sl_kube *k, const char *ns, const char *host,
		   struct sl_kube_rules *out);

/** A subset by name, with the rule that defines it; NULL when there is none. */
const struct sl_node *sl_kube_subset(const struct sl_kube_rules *rules, const char *name,
				     const struct sl_object **owner);
char *sl_kube_subset_hint(const struct sl_kube_rules *rules, const char *name, char *buf,
			  size_t cap);

/** Puts their policy, and a subset's (or NULL), into a cluster that has its endpoints. */
int sl_kube_apply_rules(const struct sl_kube *k, const struct sl_kube_rules *rules,
			const struct sl_node *subset, struct sl_model_cluster *c);

/* ---- entry.c ---- */

/** Takes up a ServiceEntry. 0 or -ENOMEM. */
int sl_kube_entry_add(struct sl_kube *k, const struct sl_object *o);
/** Whether its resolution is one that is served. */
bool sl_kube_entry_served(const struct sl_object *o);
/** The one of a host in lower case, or NULL. */
const struct sl_object *sl_kube_entry_find(const struct sl_kube *k, const char *host);
/** As sl_kube_cluster, for a port of a ServiceEntry. */
int sl_kube_entry_cluster(struct sl_kube *k, const struct sl_object *o, const char *host,
			  const struct sl_node *port, const char *subset,
			  char name[SL_KUBE_NAME_MAX]);

/* ---- destination.c ---- */

/** Whether a whole host name is a Service's or a ServiceEntry's. */
bool sl_kube_host_known(const struct sl_kube *k, const char *host);

/**
 * The cluster of a destination (host, port, subset), made when it is the first to want it.
 *
 * @param o Object that it is written in: short names are of its namespace.
 * @param cluster Receives the cluster's name.
 * @return 0 or -EINVAL with what to write instead; -ENOMEM.
 */
int sl_kube_destination(struct sl_kube *k, const struct sl_object *o, const struct sl_node *dest,
			char cluster[SL_KUBE_NAME_MAX]);

/**
 * Makes a cluster that an earlier translation made, from its name.
 *
 * @return 0 or -errno; -ESTALE: there is nothing that it could be of.
 */
int sl_kube_cluster_named(struct sl_kube *k, const char *cluster);

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

/** What a cluster is named by, and where it is written. */
struct sl_kube_cluster_head {
	const struct sl_object *o;
	int line;
	const char *fqdn, *subset, *type;
	int64_t port;
	bool udp, local;
};

/** Writes the name of a cluster; whether the model has it already. */
bool sl_kube_cluster_made(struct sl_kube *k, const struct sl_kube_cluster_head *h,
			  char name[SL_KUBE_NAME_MAX]);

/** Makes it: endpoints of its subset that aren't our own, policy of its rules. 0 or -errno. */
int sl_kube_cluster_make(struct sl_kube *k, const struct sl_kube_cluster_head *h,
			 const struct sl_kube_addrs *addrs, const char *name);

/**
 * The cluster of a Service's port; made when it isn't there yet.
 *
 * @param local The cluster of its endpoints on our node alone.
 * @param subset Name of a subset, or "".
 * @param name Receives its name.
 * @return 0 or -errno.
 */
int sl_kube_cluster(struct sl_kube *k, struct sl_kube_service *s, uint32_t port, bool local,
		    const char *subset, char name[SL_KUBE_NAME_MAX]);

/* Header changes (header.c). */

/** Where they go: a route or a destination. */
struct sl_header_target {
	struct sl_model_header **headers;
	size_t *n;
	char **authority; /* the host's name is set, not a header */
};

/** Whether a header can be changed, to this value. 0 or -EINVAL with what to write instead. */
int sl_header_check(const struct sl_object *o, int line, const char *name, const char *value,
		    struct sl_err *err);
/** 0 or -ENOMEM. */
int sl_header_add(const struct sl_header_target *t, enum sl_header_op op, bool response,
		  const char *name, const char *value);
/** Sets a text to a list's, with commas between. 0 or -ENOMEM. */
int sl_list_set(char **field, const struct sl_node *list);

/** Whether a route takes every request, so that nothing behind it is ever reached. */
bool sl_route_catch_all(const struct sl_model_route *route);

/**
 * Warns of what objects say that is not served (unused.c).
 *
 * @param clusters Of objects that make clusters alone; else of all.
 */
void sl_kube_warn_unused(const struct sl_kube *k, bool clusters);

/** Warns where a route leads to a port that speaks what is not spoken here. */
void sl_kube_warn_protocol(const struct sl_kube *k, const struct sl_object *route, int line,
			   const struct sl_object *to, const struct sl_node *port);

/* The parts of the translation, in order. Each 0 or -errno with a text. */
int sl_listeners_model(struct sl_kube *k);
int sl_services_model(struct sl_kube *k);
int sl_settings_model(struct sl_kube *k);

/* ---- delegate.c ---- */

/** A rule of a VirtualService, and the one it is written in: what it delegates to, or itself. */
struct sl_vs_rule {
	const struct sl_node *http;
	const struct sl_object *o;
};

struct sl_vs_rules {
	struct sl_vs_rule *v; /* freed by the caller */
	size_t n;
};

/** Its rules in order, those it delegates among them. 0 or -errno. */
int sl_vs_rules(struct sl_kube *k, const struct sl_object *vs, struct sl_vs_rules *out);

/** Whether it has no hosts: others delegate to it. */
bool sl_vs_is_delegate(const struct sl_object *vs);
/** 0 or -EINVAL; a warning where nobody does. */
int sl_vs_check_delegate(const struct sl_kube *k, const struct sl_object *vs);

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

/* Copies of a rule's requests (mirror.c); vs: whose rule it is, o: where it is written. */

/** 0 or -EINVAL with file:line and what to write instead. */
int sl_vs_mirrors_check(struct sl_kube *k, const struct sl_object *vs, const struct sl_object *o,
			const struct sl_node *http);
/** 0 or -errno. */
int sl_vs_mirrors_add(struct sl_kube *k, const struct sl_object *vs, const struct sl_object *o,
		      const struct sl_node *http, struct sl_model_route *route);

/** Header changes of a destination, the last weight of a route. 0 or -ENOMEM. */
int sl_vs_weight_headers_add(const struct sl_node *headers, struct sl_model_weight *weight);

#endif
