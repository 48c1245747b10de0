/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose an IngressClass or a GatewayClass is. */
#include "dialect.h"
#include "objects_read.h"

bool sl_class_ours(const struct sl_object *class)
{
	bool ingress = class->kind->id == SL_KIND_INGRESS_CLASS;
	const char *name =
		sl_node_text(class->root, ingress ? "spec.controller" : "spec.controllerName", "");
	const char *slash = strchr(name, '/');
	size_t n = slash ? (size_t)(slash - name) : 0;

	/* Istio's controllers too: who hands us its objects hands us their class as well. */
	if (n == 0 ||
	    (strncmp(name, "sluice/", n + 1) != 0 && strncmp(name, "istio.io/", n + 1) != 0))
		return false;
	return strcmp(slash + 1, ingress ? "ingress-controller" : "gateway-controller") == 0;
}

bool sl_class_name_ours(const struct sl_kube *k, const char *kind, const char *name)
{
	char key[SL_KUBE_NAME_MAX];
	const struct sl_object *class;

	snprintf(key, sizeof(key), "%s//%.253s", kind, name);
	class = sl_objects_find(k->set, key);
	return class ? sl_class_ours(class)
		     : strcmp(name, "sluice") == 0 || strcmp(name, "istio") == 0;
}
