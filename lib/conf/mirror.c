/* SPDX-License-Identifier: BSD-3-Clause */
/* Mirrors of a rule: of a VirtualService's, and RequestMirror filters of an HTTPRoute's. */
#include <errno.h>
#include <stdlib.h>

#include "api.h"
#include "words.h"

#define PERCENT (SL_MODEL_PPM / 100)

/* ---- VirtualService ---- */

static const char *const shares[] = {"mirrorPercentage", "mirrorPercent", "mirror_percent"};

/* Whose namespace short names are of: a delegate's rule may have its mirrors from the root's. */
static const struct sl_object *writer(const struct sl_object *vs, const struct sl_object *o,
				      const struct sl_node *mirror, const char *key)
{
	const struct sl_node *http = sl_node_at(vs->root, "spec.http");

	for (uint32_t i = 0; i < sl_node_len(http); i++)
		if (sl_node_get(http->item[i], key) == mirror)
			return vs;
	return o;
}

/* One that is written as nothing is 0, as in Istio; one that is not written is all. */
static uint32_t share_of(const struct sl_node *percentage)
{
	const char *value = sl_node_text(percentage, "value", "0");

	return percentage ? (uint32_t)(strtod(value, NULL) * (SL_MODEL_PPM / 100.0) + 0.5)
			  : SL_MODEL_PPM;
}

static uint32_t share(const struct sl_node *http)
{
	if (sl_node_get(http, shares[0]))
		return share_of(sl_node_get(http, shares[0]));
	return (uint32_t)sl_node_int(http, shares[1], sl_node_int(http, shares[2], 100)) * PERCENT;
}

int sl_vs_mirrors_check(struct sl_kube *k, const struct sl_object *vs, const struct sl_object *o,
			const struct sl_node *http)
{
	const struct sl_node *one = sl_node_get(http, "mirror"),
			     *list = sl_node_get(http, "mirrors");
	const struct sl_node *any = one ? one : sl_node_len(list) ? list : NULL;
	char cluster[SL_KUBE_NAME_MAX];
	int e = 0;

	for (size_t i = 0; !one && i < SL_ARRAY_LEN(shares); i++)
		if (sl_node_get(http, shares[i]))
			return sl_object_bad(o, sl_node_get(http, shares[i])->line, k->err,
					     "%s without mirror; write mirror, or mirrors, each "
					     "with its percentage",
					     shares[i]);
	if (!any)
		return 0;
	if (one && sl_node_len(list))
		return sl_object_bad(o, list->line, k->err,
				     "HTTP rule with mirror and mirrors; write one of them");
	if (!sl_node_len(sl_node_get(http, "route")))
		return sl_object_bad(o, any->line, k->err,
				     "HTTP rule that mirrors what it doesn't forward; leave its "
				     "mirrors out");
	if (one)
		return sl_kube_destination(k, writer(vs, o, one, "mirror"), one, cluster);
	for (uint32_t i = 0; e == 0 && i < sl_node_len(list); i++)
		e = sl_kube_destination(k, writer(vs, o, list, "mirrors"),
					sl_node_get(list->item[i], "destination"), cluster);
	return e;
}

static int add(struct sl_kube *k, const struct sl_object *o, const struct sl_node *dest,
	       uint32_t ppm, struct sl_model_route *route)
{
	char cluster[SL_KUBE_NAME_MAX];
	int e = ppm ? sl_kube_destination(k, o, dest, cluster) : 0;

	if (e == 0 && ppm && sl_model_mirror_add(route, cluster, ppm) < 0)
		return sl_kube_no_memory(k);
	return e;
}

int sl_vs_mirrors_add(struct sl_kube *k, const struct sl_object *vs, const struct sl_object *o,
		      const struct sl_node *http, struct sl_model_route *route)
{
	const struct sl_node *one = sl_node_get(http, "mirror"),
			     *list = sl_node_get(http, "mirrors");
	int e = 0;

	if (one)
		return add(k, writer(vs, o, one, "mirror"), one, share(http), route);
	for (uint32_t i = 0; e == 0 && i < sl_node_len(list); i++)
		e = add(k, writer(vs, o, list, "mirrors"),
			sl_node_get(list->item[i], "destination"),
			share_of(sl_node_get(list->item[i], "percentage")), route);
	return e;
}

/* ---- HTTPRoute ---- */

int sl_api_mirror_check(const struct sl_kube *k, const struct sl_object *o,
			const struct sl_node *mirror)
{
	const struct sl_node *ref = sl_node_get(mirror, "backendRef");
	const struct sl_node *fraction = sl_node_get(mirror, "fraction");
	int64_t parts = sl_node_int(fraction, "numerator", 0);
	int64_t whole = sl_node_int(fraction, "denominator", 100);

	if (sl_api_is_service(ref) && !sl_node_get(ref, "port"))
		return sl_object_bad(o, ref->line, k->err,
				     "backendRef to a Service without a port; write port: N");
	if (fraction && sl_node_get(mirror, "percent"))
		return sl_object_bad(o, fraction->line, k->err,
				     "requestMirror with percent and fraction; write one of them");
	if (parts > whole)
		return sl_object_bad(o, fraction->line, k->err,
				     "fraction of %lld in %lld requests; write a numerator up to "
				     "the denominator",
				     (long long)parts, (long long)whole);
	return 0;
}

static uint32_t fraction(const struct sl_node *mirror)
{
	const struct sl_node *f = sl_node_get(mirror, "fraction");
	uint64_t parts = (uint64_t)sl_node_int(f, "numerator", 0);

	if (!f)
		return (uint32_t)sl_node_int(mirror, "percent", 100) * PERCENT;
	return (uint32_t)(parts * SL_MODEL_PPM / (uint64_t)sl_node_int(f, "denominator", 100));
}

int sl_api_mirrors_add(struct sl_kube *k, const struct sl_object *o, const struct sl_node *filters,
		       struct sl_model_route *route)
{
	char cluster[SL_KUBE_NAME_MAX], why[SL_WHY_MAX];

	for (uint32_t i = 0; i < sl_node_len(filters); i++) {
		const struct sl_node *mirror = sl_node_get(filters->item[i], "requestMirror");
		const struct sl_node *ref = sl_node_get(mirror, "backendRef");
		int e = mirror ? sl_api_backend(k, o, ref, cluster, why) : 0;

		if (e == -ENOENT) {
			sl_objects_warn(k->set, o, ref->line,
					"HTTPRoute %s: %s; its requests are not mirrored there",
					o->name, why);
			continue;
		}
		if (e)
			return e;
		if (mirror && fraction(mirror) &&
		    sl_model_mirror_add(route, cluster, fraction(mirror)) < 0)
			return sl_kube_no_memory(k);
	}
	return 0;
}
