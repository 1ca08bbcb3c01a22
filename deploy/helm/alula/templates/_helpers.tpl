{{- define "alula.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{- define "alula.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "alula.labels" -}}
{{ include "alula.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: alula
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "alula.image" -}}
{{- with .Values.image }}{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}{{ end -}}
{{- end }}

{{/* The namespace of tasks' pods; empty where there are several. */}}
{{- define "alula.taskNamespace" -}}
{{- $given := .Values.tasks.namespace -}}
{{- if contains "{{" $given }}
{{- if not .Values.tasks.clusterWide }}{{ fail "tasks.namespace has variables, so there are several, which are watched in the whole cluster: set tasks.clusterWide" }}{{ end }}
{{- else }}{{ $given | default .Release.Namespace }}{{ end -}}
{{- end }}

{{- define "alula.taskServiceAccount" -}}
{{- with .Values.tasks.serviceAccount }}{{ .name | default (ternary (printf "%s-tasks" (include "alula.fullname" $)) "" .create) }}{{ end -}}
{{- end }}

{{- define "alula.url" -}}
{{- $http := .Values.ingress.http -}}
{{- if .Values.url }}{{ .Values.url }}
{{- else if $http.enabled }}{{ ternary "https" "http" (not (empty $http.tls)) }}://{{ $http.host }}
{{- else }}http://{{ include "alula.fullname" . }}.{{ .Release.Namespace }}.svc:{{ .Values.service.httpPort }}{{ end -}}
{{- end }}

{{/* The roles that there are, each with its values; "all" is one workload for all. */}}
{{- define "alula.workloads" -}}
{{- if .Values.separateRoles -}}
{{ dict "api" .Values.api "runner" .Values.runner "scheduler" .Values.scheduler | toJson }}
{{- else -}}
{{ dict "all" .Values.platform | toJson }}
{{- end -}}
{{- end }}

{{- define "alula.workload" -}}
{{ include "alula.fullname" .root }}{{ if ne .role "all" }}-{{ .role }}{{ end }}
{{- end }}

{{/* The settings that follow from the values, below those that are given. */}}
{{- define "alula.settings" -}}
{{- $name := include "alula.fullname" . -}}
{{- $ns := .Release.Namespace -}}
{{- $hosts := list $name (printf "%s.%s" $name $ns) (printf "%s.%s.svc" $name $ns) (printf "%s.%s.svc.cluster.local" $name $ns) -}}
{{- $own := dict
  "host" "0.0.0.0"
  "grpc" (dict "port" 8089)
  "http" (dict "port" 8088 "url" (include "alula.url" .) "hosts" (concat $hosts .Values.hosts))
  "metrics" (dict "address" "0.0.0.0:9090")
  "store" (dict "url" (required "database.url is needed: postgresql://USER@HOST:5432/DATABASE" .Values.database.url) "pooled" .Values.database.pooled "direct_url" .Values.database.directUrl)
  "objects" (dict "url" (required "objects.url is needed: s3://BUCKET/PREFIX, gs://... or az://..." .Values.objects.url) "endpoint" .Values.objects.endpoint "region" .Values.objects.region "hand_on" .Values.objects.handOn)
  "log" (dict "format" "json")
  "executors" (dict "default" "kubernetes" "kubernetes" (dict
    "enabled" true
    "namespace" (.Values.tasks.namespace | default $ns)
    "image" .Values.tasks.image
    "image_pull_secrets" .Values.tasks.pullSecrets
    "service_account" (include "alula.taskServiceAccount" .)
    "secret_variables" .Values.tasks.secretVariables
    "platform_url" (printf "%s.%s.svc:%v" $name $ns .Values.service.grpcPort)))
-}}
{{ mergeOverwrite $own (deepCopy .Values.settings) | toToml }}
{{- end }}
