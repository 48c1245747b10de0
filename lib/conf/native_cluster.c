/* SPDX-License-Identifier: BSD-3-Clause */
/* Clusters said natively in sluice.conf, to the model; their groups are in native_policy.c. */
#include <errno.h>

#include "native.h"

struct cluster_text {
	const char *name;
	int policy, proxy_protocol;
	uint32_t connect_ms, panic;
	const config_setting_t *endpoints;
	const config_setting_t *group[5]; /* as in `groups` below */
};

#define CLUSTER(field) SL_KEY_AT(struct cluster_text, field)

static const char *const policy_words[] = {"least_request", "round_robin", "random",
					   "ring_hash",     "maglev",      NULL};
static const enum sl_lb_policy policies[] = {SL_LB_LEAST_REQUEST, SL_LB_ROUND_ROBIN, SL_LB_RANDOM,
					     SL_LB_RING_HASH, SL_LB_MAGLEV};

static const char *const proxy_words[] = {"none", "v1", "v2", NULL};

/* The name of a group is known before there is a cluster to put it into. */
#define GROUP_READ(n)                                                                   \
	static int group_##n(struct sl_reader *r, const config_setting_t *s, void *dst) \
	{                                                                               \
		((struct cluster_text *)dst)->group[n] = s;                             \
		return 0;                                                               \
	}
GROUP_READ(0)
GROUP_READ(1)
GROUP_READ(2)
GROUP_READ(3)
GROUP_READ(4)

static int (*const groups[])(struct sl_reader *r, const config_setting_t *s, void *dst) = {
	sl_native_hash_read, sl_native_limits_read, sl_native_warmup_read, sl_native_ejection_read,
	sl_native_check_read};

const struct sl_key sl_native_cluster_keys[] = {
	{.name = "name",
	 .type = SL_KEY_STR,
	 .max = SL_KEY_NAME_MAX,
	 CLUSTER(name),
	 .min = 1,
	 .required = true,
	 .help = "a name such as name = \"httpserver\""},
	{.name = "policy",
	 .type = SL_KEY_WORD,
	 CLUSTER(policy),
	 .def = "least_request",
	 .words = policy_words,
	 .help = "How an endpoint is chosen. The last two need `hash`."},
	{.name = "hash",
	 .type = SL_KEY_READ,
	 .keys = sl_native_hash_keys,
	 .read = group_0,
	 .help = "What ring_hash and maglev look at."},
	{.name = "connect_timeout",
	 .type = SL_KEY_TIME,
	 CLUSTER(connect_ms),
	 1,
	 SL_KEY_DAY_MS,
	 "10s",
	 .help = "Time for an endpoint to take a connection."},
	{.name = "limits",
	 .type = SL_KEY_READ,
	 .keys = sl_native_limit_keys,
	 .read = group_1,
	 .help = "Connections and requests it takes at most, over all workers."},
	{.name = "warmup",
	 .type = SL_KEY_READ,
	 .keys = sl_native_warmup_keys,
	 .read = group_2,
	 .help = "Endpoints that come new or back get their share bit by bit (least_request, "
		 "round_robin)."},
	{.name = "ejection",
	 .type = SL_KEY_READ,
	 .keys = sl_native_ejection_keys,
	 .read = group_3,
	 .help = "Endpoints that fail too often take nothing for a while. Absent: off."},
	{.name = "health_check",
	 .type = SL_KEY_READ,
	 .keys = sl_native_check_keys,
	 .read = group_4,
	 .help = "Endpoints are asked whether they are well. Absent: off."},
	{.name = "panic",
	 .type = SL_KEY_INT,
	 CLUSTER(panic),
	 0,
	 100,
	 "50",
	 .help = "Percentage of usable endpoints below which all are used again; 0: never."},
	{.name = "proxy_protocol",
	 .type = SL_KEY_WORD,
	 CLUSTER(proxy_protocol),
	 .def = "none",
	 .words = proxy_words,
	 .help = "PROXY protocol header that says to its endpoints who the client is: none, v1, "
		 "v2. "
		 "Each request then has a connection of its own."},
	{.name = "endpoints",
	 .type = SL_KEY_EACH,
	 CLUSTER(endpoints),
	 .required = true,
	 .keys = sl_native_endpoint_keys,
	 .help = "its members: endpoints = [\"10.10.1.13:80\"], or ( \"...\", { ... } )"},
	{0},
};

struct endpoint_text {
	const char *address, *locality;
	uint32_t weight;
	uint8_t priority;
	bool drain;
};

#define ENDPOINT(field) SL_KEY_AT(struct endpoint_text, field)

const struct sl_key sl_native_endpoint_keys[] = {
	{.name = "address",
	 .type = SL_KEY_STR,
	 ENDPOINT(address),
	 .required = true,
	 .help = "address and port: address = \"10.10.1.14:80\"; or a name, "
		 "\"web.example.com:80\", "
		 "and each of its addresses is one"},
	{.name = "weight",
	 .type = SL_KEY_INT,
	 ENDPOINT(weight),
	 0,
	 SL_MODEL_WEIGHT_MAX,
	 "1",
	 .help = "Its share against the others; 0: as `drain`."},
	{.name = "priority",
	 .type = SL_KEY_INT,
	 ENDPOINT(priority),
	 0,
	 SL_MODEL_PRIORITIES_MAX - 1,
	 "0",
	 .help = "Endpoints of a higher number are used when those below fail."},
	{.name = "locality",
	 .type = SL_KEY_STR,
	 .max = SL_KEY_NAME_MAX,
	 ENDPOINT(locality),
	 .def = "",
	 .help = "Where it stands, \"region/zone/subzone\"; shown in views."},
	{.name = "drain",
	 .type = SL_KEY_BOOL,
	 ENDPOINT(drain),
	 .def = "false",
	 .help = "It finishes what it has and takes nothing new."},
	{0},
};

static int endpoint_check(struct sl_reader *r, const config_setting_t *s, const char *address,
			  const struct sl_model_cluster *cluster, const struct sl_ip_port *addr)
{
	if (addr->port == 0 || sl_ip_is_any(&addr->ip))
		return sl_reader_bad(r, s,
				     "endpoint: '%s' is no place to connect to; write "
				     "address:port",
				     address);
	for (size_t i = 0; i < cluster->n_endpoints; i++)
		if (cluster->endpoints[i].addr.port == addr->port &&
		    sl_ip_eq(&cluster->endpoints[i].addr.ip, &addr->ip))
			return sl_reader_bad(r, s,
					     "endpoint '%s' is written twice; write it once, with "
					     "a weight",
					     address);
	return 0;
}

static int endpoint_add(struct sl_reader *r, const config_setting_t *s,
			const struct endpoint_text *t, const struct sl_ip_port *addr,
			struct sl_model_cluster *cluster)
{
	struct sl_model_endpoint *endpoint;
	int e = endpoint_check(r, s, t->address, cluster, addr);

	if (e)
		return e;
	endpoint = sl_model_endpoint_add(cluster);
	if (!endpoint || sl_model_set(&endpoint->locality, t->locality) < 0)
		return sl_native_no_memory(r);
	endpoint->addr = *addr;
	endpoint->weight = SL_MAX(t->weight, 1u);
	endpoint->priority = t->priority;
	endpoint->health = t->drain || t->weight == 0 ? SL_DRAINING : SL_HEALTHY;
	return 0;
}

/* @param names Those written as names alone, or all others. */
static int endpoint_read(struct sl_reader *r, const config_setting_t *s, bool names,
			 struct sl_model_cluster *cluster)
{
	struct endpoint_text t = {.weight = 1, .locality = ""};
	struct sl_model_endpoint like = {0};
	char name[SL_NAME_TEXT_MAX];
	struct sl_ip_port addr;
	struct sl_err why;
	bool is_name;
	int e;

	if (config_setting_type(s) == CONFIG_TYPE_STRING)
		e = sl_reader_str(r, s, &t.address);
	else
		e = sl_keys_read(r, sl_native_endpoint_keys, s, "endpoint", &t);
	if (e)
		return e;
	is_name = sl_native_name(t.address, name, &addr.port);
	if (is_name != names)
		return 0;
	if (!is_name && sl_ip_port_parse(t.address, &addr, &why) < 0)
		return sl_reader_bad(r, s, "endpoint: %s", why.text);
	if (!is_name)
		return endpoint_add(r, s, &t, &addr, cluster);
	like.locality = (char *)t.locality;
	like.weight = SL_MAX(t.weight, 1u);
	like.priority = t.priority;
	like.health = t.drain || t.weight == 0 ? SL_DRAINING : SL_HEALTHY;
	return sl_native_name_read(r, s, t.address, &like, cluster);
}

/* Addresses first: what a name stands for is passed over where it is written already. */
static int endpoints_read(struct sl_reader *r, const config_setting_t *list,
			  struct sl_model_cluster *cluster)
{
	int e = 0;

	for (int names = 0; names < 2; names++)
		for (int i = 0; e == 0 && i < sl_native_length(list); i++)
			e = endpoint_read(r, config_setting_get_elem(list, (unsigned)i), names == 1,
					  cluster);
	return e;
}

/* Policy and hash belong together. */
static int policy_check(struct sl_reader *r, const config_setting_t *s,
			const struct cluster_text *t)
{
	bool hashes = policies[t->policy] == SL_LB_RING_HASH || policies[t->policy] == SL_LB_MAGLEV;

	if (hashes && !t->group[0])
		return sl_reader_bad(r, s,
				     "cluster '%s' hashes nothing; write e.g. hash: { header = "
				     "\"x-user\"; };",
				     t->name);
	if (!hashes && t->group[0])
		return sl_reader_bad(r, t->group[0],
				     "cluster '%s' has a hash, which policy \"%s\" doesn't look "
				     "at; write policy = \"maglev\"",
				     t->name, policy_words[t->policy]);
	return 0;
}

int sl_native_cluster_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	struct sl_model *model = r->ctx;
	struct sl_model_cluster *cluster;
	struct cluster_text t = {0};
	int e = sl_keys_read(r, sl_native_cluster_keys, s, "cluster", &t);

	if (e == 0)
		e = policy_check(r, s, &t);
	if (e)
		return e;
	if (sl_model_cluster_find(model, t.name))
		return sl_reader_bad(
			r, s, "cluster '%s' is defined twice; give this one another name", t.name);
	cluster = sl_model_cluster_add(model, t.name);
	if (!cluster || sl_model_set(&cluster->type, "STATIC") < 0 ||
	    sl_model_set(&cluster->fqdn, t.name) < 0)
		return sl_native_no_memory(r);
	cluster->lb = policies[t.policy];
	cluster->connect_timeout_ms = t.connect_ms;
	cluster->panic_percent = t.panic;
	cluster->proxy_protocol = (uint8_t)t.proxy_protocol;
	e = sl_native_origin(r, s, &cluster->origin);
	for (size_t i = 0; e == 0 && i < SL_ARRAY_LEN(groups); i++)
		if (t.group[i])
			e = groups[i](r, t.group[i], cluster);
	return e ? e : endpoints_read(r, t.endpoints, cluster);
}
