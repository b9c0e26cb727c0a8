module acme.example/issuer-backend

go 1.19
