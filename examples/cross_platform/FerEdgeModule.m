#import <React/RCTBridgeModule.h>

@interface RCT_EXTERN_MODULE(FerEdge, NSObject)
RCT_EXTERN_METHOD(analyze:(NSString *)path resolve:(RCTPromiseResolveBlock)resolve reject:(RCTPromiseRejectBlock)reject)
@end
