/* SPDX-License-Identifier: BSD-3-Clause */
/* The fields of Kubernetes' own routes: Ingress and its class, and the objects of the Gateway API.
 */
#include "fields.h"

static const char *const w_path_type[] = {"Exact", "Prefix", "ImplementationSpecific", NULL};
static const char *const w_route_path[] = {"Exact", "PathPrefix", "RegularExpression", NULL};
static const char *const w_text[] = {"Exact", "RegularExpression", NULL};
static const char *const w_method[] = {"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
				       "CONNECT", "OPTIONS", "TRACE", "PATCH", NULL};
static const char *const w_from[] = {"Same", "All", "Selector", "None", NULL};
static const char *const w_operator[] = {"In", "NotIn", "Exists", "DoesNotExist", NULL};
static const char *const w_scheme[] = {"http", "https", NULL};
static const char *const w_path_change[] = {"ReplaceFullPath", "ReplacePrefixMatch", NULL};
static const char *const w_hostname[] = {"Hostname", NULL};
static const char *const w_filter[] = {
	"RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect", "URLRewrite", "CORS",
	"RequestMirror",         "ExtensionRef",           "ExternalAuth",    NULL};

#define REQUIRED_STR(n)                                         \
	{                                                       \
		.name = (n), .type = SL_F_STR, .required = true \
	}
#define SPEC(fields)                                                                \
	{                                                                           \
		.name = "spec", .type = SL_F_OBJ, .required = true, .sub = (fields) \
	}

/* ---- Ingress ---- */

static const struct sl_field backend_port[] = {PORT("number"), STR("name"), END};

static const struct sl_field backend_service[] = {
	REQUIRED_STR("name"),
	{.name = "port", .type = SL_F_OBJ, .required = true, .sub = backend_port},
	END,
};

static const struct sl_field ingress_backend[] = {
	OBJ("service", backend_service),
	LATER("resource"),
	END,
};

static const struct sl_field ingress_path[] = {
	STR("path"),
	{.name = "pathType", .type = SL_F_STR, .required = true, .words = w_path_type},
	{.name = "backend", .type = SL_F_OBJ, .required = true, .sub = ingress_backend},
	END,
};

static const struct sl_field ingress_http[] = {
	{.name = "paths", .type = SL_F_OBJS, .required = true, .min = 1, .sub = ingress_path},
	END,
};

static const struct sl_field ingress_rule[] = {STR("host"), OBJ("http", ingress_http), END};

static const struct sl_field ingress_tls[] = {
	{.name = "hosts", .type = SL_F_STRS},
	STR("secretName"),
	END,
};

static const struct sl_field ingress_spec[] = {
	STR("ingressClassName"),
	OBJ("defaultBackend", ingress_backend),
	OBJS("rules", ingress_rule),
	OBJS("tls", ingress_tls),
	END,
};

const struct sl_field sl_ingress_fields[] = {HEAD, SPEC(ingress_spec), ANY("status"), END};

static const struct sl_field class_spec[] = {STR("controller"), ANY("parameters"), END};

const struct sl_field sl_ingress_class_fields[] = {HEAD, SPEC(class_spec), END};

/* ---- GatewayClass, Gateway ---- */

/* Lists of the Gateway API are as long as its definition allows. */
#define LIST(n, m, fields)                                                  \
	{                                                                   \
		.name = (n), .type = SL_F_OBJS, .max = (m), .sub = (fields) \
	}
#define TEXTS(n, m)                                        \
	{                                                  \
		.name = (n), .type = SL_F_STRS, .max = (m) \
	}

static const struct sl_field gateway_class_spec[] = {
	REQUIRED_STR("controllerName"),
	ANY("parametersRef"),
	ANY("description"),
	END,
};

const struct sl_field sl_gateway_class_fields[] = {HEAD, SPEC(gateway_class_spec), ANY("status"),
						   END};

static const struct sl_field expression[] = {
	REQUIRED_STR("key"),
	{.name = "operator", .type = SL_F_STR, .required = true, .words = w_operator},
	{.name = "values", .type = SL_F_STRS},
	END,
};

static const struct sl_field selector[] = {
	MAP("matchLabels"),
	OBJS("matchExpressions", expression),
	END,
};

static const struct sl_field namespaces[] = {
	{.name = "from", .type = SL_F_STR, .words = w_from},
	OBJ("selector", selector),
	END,
};

static const struct sl_field route_kind[] = {STR("group"), REQUIRED_STR("kind"), END};

static const struct sl_field allowed_routes[] = {
	OBJ("namespaces", namespaces),
	LIST("kinds", 8, route_kind),
	END,
};

static const struct sl_field listener[] = {
	REQUIRED_STR("name"),
	STR("hostname"),
	{.name = "port", .type = SL_F_INT, .required = true, .min = 1, .max = 65535},
	REQUIRED_STR("protocol"),
	ANY("tls"),
	OBJ("allowedRoutes", allowed_routes),
	END,
};

static const struct sl_field address[] = {
	{.name = "type",
	 .type = SL_F_STR,
	 .use = SL_USE_ONLY,
	 .required = true,
	 .words = w_hostname},
	REQUIRED_STR("value"),
	END,
};

static const struct sl_field gateway_spec[] = {
	REQUIRED_STR("gatewayClassName"),
	{.name = "listeners",
	 .type = SL_F_OBJS,
	 .required = true,
	 .min = 1,
	 .max = 64,
	 .sub = listener},
	LIST("addresses", 16, address),
	ANY("infrastructure"),
	LATER("backendTLS"),
	LATER("allowedListeners"),
	LATER("tls"),
	END,
};

const struct sl_field sl_api_gateway_fields[] = {HEAD, SPEC(gateway_spec), ANY("status"), END};

/* ---- HTTPRoute ---- */

static const struct sl_field parent_ref[] = {
	STR("group"), STR("kind"), STR("namespace"), REQUIRED_STR("name"), STR("sectionName"),
	PORT("port"), END,
};

static const struct sl_field path_match[] = {
	{.name = "type", .type = SL_F_STR, .words = w_route_path},
	STR("value"),
	END,
};

static const struct sl_field named_match[] = {
	{.name = "type", .type = SL_F_STR, .words = w_text},
	REQUIRED_STR("name"),
	REQUIRED_STR("value"),
	END,
};

static const struct sl_field route_match[] = {
	OBJ("path", path_match),
	LIST("headers", 16, named_match),
	LIST("queryParams", 16, named_match),
	{.name = "method", .type = SL_F_STR, .words = w_method},
	END,
};

static const struct sl_field named_value[] = {REQUIRED_STR("name"), REQUIRED_STR("value"), END};

static const struct sl_field header_filter[] = {
	LIST("set", 16, named_value),
	LIST("add", 16, named_value),
	TEXTS("remove", 16),
	END,
};

static const struct sl_field path_change[] = {
	{.name = "type", .type = SL_F_STR, .required = true, .words = w_path_change},
	STR("replaceFullPath"),
	STR("replacePrefixMatch"),
	END,
};

static const struct sl_field redirect[] = {
	{.name = "scheme", .type = SL_F_STR, .words = w_scheme},
	STR("hostname"),
	OBJ("path", path_change),
	PORT("port"),
	{.name = "statusCode", .type = SL_F_INT, .min = 301, .max = 308},
	END,
};

static const struct sl_field url_rewrite[] = {STR("hostname"), OBJ("path", path_change), END};

static const struct sl_field cors[] = {
	TEXTS("allowOrigins", 64),
	{.name = "allowCredentials", .type = SL_F_BOOL},
	TEXTS("allowMethods", 9),
	TEXTS("allowHeaders", 64),
	TEXTS("exposeHeaders", 64),
	{.name = "maxAge", .type = SL_F_INT, .min = 1, .max = INT32_MAX},
	END,
};

static const struct sl_field mirror_ref[] = {
	STR("group"), STR("kind"), REQUIRED_STR("name"), STR("namespace"), PORT("port"), END,
};

static const struct sl_field mirror_fraction[] = {
	{.name = "numerator", .type = SL_F_INT, .required = true, .min = 0, .max = INT32_MAX},
	{.name = "denominator", .type = SL_F_INT, .min = 1, .max = INT32_MAX},
	END,
};

static const struct sl_field request_mirror[] = {
	{.name = "backendRef", .type = SL_F_OBJ, .required = true, .sub = mirror_ref},
	{.name = "percent", .type = SL_F_INT, .min = 0, .max = 100},
	OBJ("fraction", mirror_fraction),
	END,
};

static const struct sl_field filter[] = {
	{.name = "type", .type = SL_F_STR, .required = true, .words = w_filter},
	OBJ("requestHeaderModifier", header_filter),
	OBJ("responseHeaderModifier", header_filter),
	OBJ("requestRedirect", redirect),
	OBJ("urlRewrite", url_rewrite),
	OBJ("cors", cors),
	OBJ("requestMirror", request_mirror),
	LATER("extensionRef"),
	LATER("externalAuth"),
	END,
};

static const struct sl_field backend_ref[] = {
	STR("group"),
	STR("kind"),
	REQUIRED_STR("name"),
	STR("namespace"),
	PORT("port"),
	{.name = "weight", .type = SL_F_INT, .min = 0, .max = 1000000},
	LIST("filters", 16, filter),
	END,
};

static const struct sl_field timeouts[] = {
	{.name = "request", .type = SL_F_TIME},
	{.name = "backendRequest", .type = SL_F_TIME},
	END,
};

static const struct sl_field retry[] = {
	ANY("codes"),
	{.name = "attempts", .type = SL_F_INT, .min = 0, .max = 100},
	LATER("backoff"),
	END,
};

static const struct sl_field route_rule[] = {
	STR("name"),
	LIST("matches", 64, route_match),
	LIST("filters", 16, filter),
	LIST("backendRefs", 16, backend_ref),
	OBJ("timeouts", timeouts),
	OBJ("retry", retry),
	LATER("sessionPersistence"),
	END,
};

static const struct sl_field route_spec[] = {
	LIST("parentRefs", 32, parent_ref),
	TEXTS("hostnames", 16),
	LIST("rules", 16, route_rule),
	LATER("useDefaultGateways"),
	END,
};

const struct sl_field sl_http_route_fields[] = {HEAD, SPEC(route_spec), ANY("status"), END};

/* ---- ReferenceGrant ---- */

static const struct sl_field grant_from[] = {
	{.name = "group", .type = SL_F_STR, .required = true},
	REQUIRED_STR("kind"),
	REQUIRED_STR("namespace"),
	END,
};

static const struct sl_field grant_to[] = {
	{.name = "group", .type = SL_F_STR, .required = true},
	REQUIRED_STR("kind"),
	STR("name"),
	END,
};

static const struct sl_field grant_spec[] = {
	{.name = "from",
	 .type = SL_F_OBJS,
	 .required = true,
	 .min = 1,
	 .max = 16,
	 .sub = grant_from},
	{.name = "to", .type = SL_F_OBJS, .required = true, .min = 1, .max = 16, .sub = grant_to},
	END,
};

const struct sl_field sl_reference_grant_fields[] = {HEAD, SPEC(grant_spec), END};
