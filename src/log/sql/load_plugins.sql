select plugin, version, sha256, size, descriptor, platforms, licence, signature, signed_by, installed_at, installed_by
from projection.plugin_version
where upper_inf(during)
order by plugin, lower(during)
