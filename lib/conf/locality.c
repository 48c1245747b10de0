/* SPDX-License-Identifier: BSD-3-Clause */
/* Where endpoints stand, seen from the box: priorities and weights as Istio derives them. */
#include <errno.h>
#include <stdlib.h>

#include "kube.h"

#define PARTS      3    /* region, zone, subzone */
#define WEIGHT_ALL 600u /* times 100 percent: what a locality's share is cut into */

/* Length of the part of a locality, which begins at *p; *p moves to the next part. */
static size_t part(const char **p, const char **from)
{
	size_t n = strcspn(*p, "/");

	*from = *p;
	*p += n + ((*p)[n] == '/');
	return n;
}

/* Leading parts that two localities have in common, 0 to 3. */
static int common(const char *a, const char *b)
{
	int n = 0;

	for (; n < PARTS; n++) {
		const char *x, *y;
		size_t nx = part(&a, &x), ny = part(&b, &y);

		if (nx != ny || strncmp(x, y, nx) != 0)
			break;
	}
	return n;
}

/* Whether a locality lies in a pattern: "region/zone/subzone", "region", "*", or with a "*" at its
 * end. */
static bool within(const char *locality, const char *pattern)
{
	while (*pattern) {
		const char *want, *is;
		size_t nw = part(&pattern, &want), ni = part(&locality, &is);

		if (nw == 1 && *want == '*')
			return true;
		if (nw != ni || strncmp(want, is, nw) != 0)
			return false;
	}
	return true;
}

const char *sl_kube_zone(struct sl_kube *k, const char *zone)
{
	const char *own = k->model->locality;
	size_t n = strcspn(own, "/"), cap = n + strlen(zone) + 2;
	char *text;

	if (!*zone)
		return "";
	text = sl_arena_get(&k->arena, cap);
	if (text)
		snprintf(text, cap, "%.*s/%s", (int)n, own, zone);
	return text;
}

static bool same_region(const char *locality, const char *region)
{
	size_t n = strcspn(locality, "/");

	return strlen(region) == n && strncmp(locality, region, n) == 0;
}

/* 0: same subzone; 1: zone; 2: region; 3: where it fails over to; 4: elsewhere. */
static uint8_t rank(const struct sl_kube *k, const char *locality, const struct sl_node *failover)
{
	int n = common(k->model->locality, locality);

	if (n > 0)
		return (uint8_t)(PARTS - n);
	for (uint32_t i = 0; i < sl_node_len(failover); i++)
		if (same_region(k->model->locality, sl_node_text(failover->item[i], "from", "")) &&
		    same_region(locality, sl_node_text(failover->item[i], "to", "")))
			return PARTS;
	return PARTS + 1;
}

/* The shares of one `distribute` entry: localities that it doesn't name take nothing. */
static void distribute(const struct sl_node *to, struct sl_model_cluster *c)
{
	uint32_t *weight = calloc(c->n_endpoints + 1, sizeof(*weight));

	if (!weight)
		return;
	for (uint32_t i = 0; to->type == SL_NODE_MAP && i < to->n; i++) {
		uint64_t share = strtoull(to->pair[i].value->text, NULL, 10), sum = 0;

		for (size_t e = 0; e < c->n_endpoints; e++)
			if (within(c->endpoints[e].locality, to->pair[i].key))
				sum += c->endpoints[e].weight;
		for (size_t e = 0; share && e < c->n_endpoints; e++)
			if (!weight[e] && within(c->endpoints[e].locality, to->pair[i].key))
				weight[e] = (uint32_t)SL_MAX(c->endpoints[e].weight * share *
								     WEIGHT_ALL / sum,
							     UINT64_C(1));
	}
	for (size_t e = 0; e < c->n_endpoints; e++) {
		if (weight[e])
			c->endpoints[e].weight = weight[e];
		else
			c->endpoints[e].health = SL_UNHEALTHY;
	}
	free(weight);
}

static int check_distribute(const struct sl_kube *k, const struct sl_object *o,
			    const struct sl_node *to)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; to->type == SL_NODE_MAP && i < to->n; i++) {
		const struct sl_node *v = to->pair[i].value;
		unsigned long long n = strtoull(v->text, NULL, 10);

		if (v->type != SL_NODE_INT || *v->text == '-' || n > 100)
			return sl_object_bad(o, v->line, k->err,
					     "share of '%.80s' is no number from 0 to 100; write a "
					     "percentage",
					     to->pair[i].key);
		sum += n;
	}
	return sum == 100 ? 0
			  : sl_object_bad(o, to->line, k->err,
					  "the shares of 'to' add up to %llu; write 100",
					  (unsigned long long)sum);
}

int sl_kube_locality(const struct sl_kube *k, const struct sl_object *o,
		     const struct sl_node *setting, struct sl_model_cluster *c)
{
	const struct sl_node *list = sl_node_get(setting, "distribute");
	int e = 0;

	for (uint32_t i = 0; e == 0 && i < sl_node_len(list); i++)
		e = check_distribute(k, o, sl_node_get(list->item[i], "to"));
	if (e || !*k->model->locality || sl_lower(*sl_node_text(setting, "enabled", "true")) != 't')
		return e;
	for (uint32_t i = 0; i < sl_node_len(list); i++) {
		if (!within(k->model->locality, sl_node_text(list->item[i], "from", "")))
			continue;
		distribute(sl_node_get(list->item[i], "to"), c);
		return 0;
	}
	/* Without ejection nothing would ever fail over: then all are equal (Istio's rule). */
	for (size_t i = 0; c->outlier.on && i < c->n_endpoints; i++)
		c->endpoints[i].priority =
			rank(k, c->endpoints[i].locality, sl_node_get(setting, "failover"));
	return 0;
}
