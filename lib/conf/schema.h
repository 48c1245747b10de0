/* SPDX-License-Identifier: BSD-3-Clause */
/* Which kinds of objects are read, and which fields each may have: tables, and their check. */
#ifndef SL_CONF_SCHEMA_H
#define SL_CONF_SCHEMA_H

#include "node.h"

enum sl_field_type {
	SL_F_END,
	SL_F_STR,
	SL_F_INT,
	SL_F_NUMBER, /* with or without a fraction */
	SL_F_BOOL,
	SL_F_INT_OR_STR, /* targetPort */
	SL_F_TIME,       /* a duration, "5s" */
	SL_F_IP,
	SL_F_TEXTS_MAP, /* names to texts: labels, selectors */
	SL_F_OBJ,       /* a map with the fields of `sub` */
	SL_F_OBJS,      /* a list of them */
	SL_F_OBJ_MAP,   /* names to them; null for one that says nothing */
	SL_F_STRS,      /* a list of texts */
	SL_F_IPS,       /* a list of addresses */
	SL_F_ANY,       /* not looked at: changes nothing here */
};

enum sl_field_use {
	SL_USE_SERVED,
	SL_USE_LATER, /* known, not served yet: refused when it says something */
	SL_USE_ONLY,  /* served for the values in `words`; others not yet */
	SL_USE_NOT,   /* has a meaning that is not served yet: a warning says so (unused.c) */
};

struct sl_field {
	const char *name;
	enum sl_field_type type;
	enum sl_field_use use;
	bool required;
	int64_t min, max;         /* of numbers; of lists the length, a max of 0: any */
	const char *const *words; /* values that are allowed */
	const struct sl_field *sub;
};

enum sl_kind_mode {
	SL_KIND_SERVED,
	SL_KIND_IGNORED, /* belongs to applications */
	SL_KIND_LATER,   /* belongs to us, not served yet: refused */
};

enum sl_kind_id {
	SL_KIND_OTHER,
	SL_KIND_GATEWAY,
	SL_KIND_VIRTUAL_SERVICE,
	SL_KIND_SERVICE,
	SL_KIND_ENDPOINTS,
	SL_KIND_ENDPOINT_SLICE,
	SL_KIND_NAMESPACE,
	SL_KIND_DESTINATION_RULE,
	SL_KIND_SERVICE_ENTRY,
	SL_KIND_WORKLOAD_ENTRY,
	SL_KIND_ENDPOINT_SETTING, /* our own */
	SL_KIND_INGRESS,
	SL_KIND_INGRESS_CLASS,
	SL_KIND_GATEWAY_CLASS,
	SL_KIND_API_GATEWAY, /* the Gateway API's */
	SL_KIND_HTTP_ROUTE,
	SL_KIND_REFERENCE_GRANT,
	SL_KIND_POD, /* not served, but read for labels */
	SL_KIND_DEPLOYMENT,
};

/** Kinds that say who the endpoints are, and nothing else. */
static inline bool sl_kind_of_endpoints(enum sl_kind_id id)
{
	return id == SL_KIND_ENDPOINTS || id == SL_KIND_ENDPOINT_SLICE ||
	       id == SL_KIND_WORKLOAD_ENTRY || id == SL_KIND_ENDPOINT_SETTING;
}

/** Kinds that clusters are made of: those above and whose endpoints they are. */
static inline bool sl_kind_of_clusters(enum sl_kind_id id)
{
	return sl_kind_of_endpoints(id) || id == SL_KIND_SERVICE || id == SL_KIND_SERVICE_ENTRY ||
	       id == SL_KIND_DESTINATION_RULE;
}

struct sl_kind {
	const char *name;
	enum sl_kind_id id;
	enum sl_kind_mode mode;
	const char *group;             /* of apiVersion; "" is the core; NULL: any */
	const char *const *versions;   /* of the group; NULL: any */
	bool cluster_scope;            /* has no namespace */
	const struct sl_field *fields; /* of the whole object, for served kinds */
	/* What its objects are told apart by where another group has a kind of the same name
	 * ("Gateway.gateway.networking.k8s.io", as kubectl writes it); NULL: the name. */
	const char *full;
};

/** The name that objects of a kind go by, in keys, answers and requests. */
static inline const char *sl_kind_name(const struct sl_kind *k)
{
	return k->full ? k->full : k->name;
}

/** Every kind that is known, ended by a NULL name (kinds.c). */
extern const struct sl_kind sl_kinds[];

/** Fields that every object has. */
extern const struct sl_field sl_meta_fields[];

/**
 * Checks an object: its kind is known, and every field is known, of the right type and served.
 *
 * @param kind Receives the row of sl_kinds.
 * @return 0 or -EINVAL with file:line and what to write instead.
 */
int sl_schema_check(const char *file, const struct sl_node *object, const struct sl_kind **kind,
		    struct sl_err *err);

#endif
