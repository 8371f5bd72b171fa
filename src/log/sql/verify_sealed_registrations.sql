select registration, pod, incarnation from sealed_registration order by registration
